using System.IO.Compression;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace FleetingPlugin.HostContract;

/// <summary>
/// Collects the serialized file descriptors in a run of bytes: raw ones (protoc-gen-go since 1.20) and gzip members (before
/// that, and gogo). Fed window by window; memory is bounded by what is accepted.
/// </summary>
internal sealed class DescriptorScanner
{
    /// <summary>A window repeats this many bytes of its predecessor: a name may be 255 bytes long, with its tag and length before it.</summary>
    public const int LookBehind = 264;

    private const int MaxInflatedBytes = 4 << 20;
    private const int GzipHeaderBytes = 10;
    private const int MaxGzipAttempts = 4096;
    private const long MaxCollectedBytes = 64 << 20;

    // Deflate, and no optional header fields: what Go's writer makes.
    private static ReadOnlySpan<byte> GzipStart => [0x1F, 0x8B, 0x08, 0x00];

    private readonly HashSet<ByteString> seen = [];
    private long collected;
    private int gzipAttempts;

    public List<FileDescriptorProto> Files { get; } = [];

    /// <summary>Raw descriptors whose name ends in (<paramref name="from"/>, <paramref name="to"/>] of the window.</summary>
    public void ScanRaw(ReadOnlySpan<byte> window, int from, int to)
    {
        int next = Math.Max(0, from - ".proto".Length + 1);
        while (next < to)
        {
            int hit = window[next..].IndexOf(".proto"u8);
            int nameEnd = next + hit + ".proto".Length;
            if (hit < 0 || nameEnd > to)
            {
                return;
            }
            next += hit + 1;
            if (StartBefore(window, nameEnd) is var (start, length))
            {
                Accept(window.Slice(start, length));
                next = Math.Max(next, start + length - ".proto".Length);
            }
        }
    }

    /// <summary>Gzip members that start in [<paramref name="from"/>, <paramref name="to"/>) of the window.</summary>
    public void ScanGzip(byte[] window, int filled, int from, int to)
    {
        for (int start = from; start < to && gzipAttempts < MaxGzipAttempts; start++)
        {
            int hit = window.AsSpan(start, Math.Min(filled, to + GzipStart.Length - 1) - start).IndexOf(GzipStart);
            if (hit < 0)
            {
                return;
            }
            start += hit;
            gzipAttempts++;
            byte[] inflated = Inflate(window, start, Math.Min(filled - start, DescriptorExtent.MaxBytes));
            if (inflated is [0x0A, ..] && DescriptorExtent.Measure(inflated) == inflated.Length)
            {
                Accept(inflated);
            }
        }
    }

    // The name is the descriptor's first field: tag 0A, its length, the text.
    private static (int Start, int Length)? StartBefore(ReadOnlySpan<byte> window, int nameEnd)
    {
        for (var length = 7; length <= 255 && nameEnd - length >= 2; length++)
        {
            int name = nameEnd - length;
            int start = length < 128
                ? window[name - 1] == length ? name - 2 : -1
                : window[name - 1] == length >> 7 && window[name - 2] == (length & 0x7F | 0x80) ? name - 3 : -1;
            if (start >= 0 && window[start] == 0x0A && DescriptorExtent.Measure(window[start..]) is > 0 and int extent)
            {
                return (start, extent);
            }
        }
        return null;
    }

    private void Accept(ReadOnlySpan<byte> serialized)
    {
        if (collected + serialized.Length > MaxCollectedBytes || !seen.Add(ByteString.CopyFrom(serialized)))
        {
            return;
        }
        try
        {
            Files.Add(FileDescriptorProto.Parser.ParseFrom(serialized));
            collected += serialized.Length;
        }
        catch (InvalidProtocolBufferException)
        {
            // It looked like a descriptor from outside only: bytes of something else.
        }
    }

    private static byte[] Inflate(byte[] window, int start, int count)
    {
        if (count < GzipHeaderBytes)
        {
            return [];
        }
        // Not as gzip: that would read on into a member that follows at once.
        using var source = new DeflateStream(new MemoryStream(window, start + GzipHeaderBytes, count - GzipHeaderBytes, writable: false), CompressionMode.Decompress);
        using var inflated = new MemoryStream();
        var block = new byte[8192];
        try
        {
            for (int read; (read = source.Read(block)) > 0;)
            {
                // The first byte tells already; most gzip members of a program are something else.
                if ((inflated.Length == 0 && block[0] != 0x0A) || inflated.Length + read > MaxInflatedBytes)
                {
                    return [];
                }
                inflated.Write(block, 0, read);
            }
        }
        catch (InvalidDataException)
        {
            // Not compressed at all, or cut short: what came out counts and is judged by the caller.
        }
        return inflated.ToArray();
    }
}
