using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace FleetingPlugin.Transcoding;

/// <summary>
/// Writes protobuf's wire format from the end to the front: what a message contains is written before its length, so no size
/// needs to be computed beforehand and nothing is moved. Values come before their tags.
/// </summary>
internal sealed class BackwardWriter : IDisposable
{
    private const int MaxBytes = 256 << 20;

    private byte[] buffer = ArrayPool<byte>.Shared.Rent(1024);
    private int start;

    public BackwardWriter() => start = buffer.Length;

    /// <summary>Bytes written so far.</summary>
    public int Length => buffer.Length - start;

    /// <summary>Whether an error's text was written: a oneof may have had no room for it.</summary>
    public bool HasError { get; set; }

    /// <summary>What was written; valid until the next write.</summary>
    public ReadOnlyMemory<byte> Written => buffer.AsMemory(start);

    public void Clear()
    {
        start = buffer.Length;
        HasError = false;
    }

    public void Tag(int number, int wireType) => Varint(((ulong)number << 3) | (uint)wireType);

    public void Varint(ulong value)
    {
        int size = value == 0 ? 1 : (63 - System.Numerics.BitOperations.LeadingZeroCount(value)) / 7 + 1;
        Span<byte> place = Before(size);
        for (var at = 0; at < size; at++)
        {
            place[at] = (byte)(value | 0x80);
            value >>= 7;
        }
        place[size - 1] &= 0x7F;
    }

    public void Fixed32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Before(4), value);

    public void Fixed64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Before(8), value);

    /// <summary>A text with its length.</summary>
    public void Text(string text)
    {
        int size = Encoding.UTF8.GetByteCount(text);
        Encoding.UTF8.GetBytes(text, Before(size));
        Varint((ulong)size);
    }

    /// <summary>Bytes with their length.</summary>
    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Before(bytes.Length));
        Varint((ulong)bytes.Length);
    }

    /// <summary>The length of everything written since <see cref="Length"/> was <paramref name="before"/>.</summary>
    public void LengthSince(int before) => Varint((ulong)(Length - before));

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        buffer = [];
        start = 0;
    }

    private Span<byte> Before(int count)
    {
        if (count > start)
        {
            Grow(count);
        }
        start -= count;
        return buffer.AsSpan(start, count);
    }

    private void Grow(int count)
    {
        long needed = Math.Max(2L * buffer.Length, (long)Length + count);
        if (needed > MaxBytes)
        {
            throw new InvalidOperationException($"a response of more than {MaxBytes} bytes was to be written");
        }
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)needed);
        int length = Length;
        buffer.AsSpan(start).CopyTo(larger.AsSpan(larger.Length - length));
        // Keys and passwords pass through here.
        ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        buffer = larger;
        start = larger.Length - length;
    }
}
