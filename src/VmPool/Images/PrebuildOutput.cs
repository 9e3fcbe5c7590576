using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace VmPool.Images;

/// <summary>The host's end of the disk on which the preparation reports; see <see cref="PrebuildScript"/> for its layout.</summary>
internal sealed class PrebuildOutput : IDisposable
{
    private readonly SafeFileHandle _disk;
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly StringBuilder _line = new();
    private long _position = PrebuildScript.OutputOffset;

    private PrebuildOutput(SafeFileHandle disk) => _disk = disk;

    /// <summary>Makes the empty disk.</summary>
    public static PrebuildOutput Create(string path)
    {
        SafeFileHandle disk = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.SetLength(disk, PrebuildScript.DiskBytes);
        return new PrebuildOutput(disk);
    }

    /// <summary>The last result; absent before the guest has begun.</summary>
    public PrebuildResult? ReadResult()
    {
        byte[] block = new byte[PrebuildScript.OutputOffset];
        int length = RandomAccess.Read(_disk, block, 0);
        ReadOnlySpan<byte> text = block.AsSpan(0, length).TrimEnd((byte)0);
        try
        {
            return text.IsEmpty ? null : JsonSerializer.Deserialize(text, PrebuildJson.Default.PrebuildResult);
        }
        catch (JsonException)
        {
            // Read in the middle of a write; the next look sees it whole.
            return null;
        }
    }

    /// <summary>Complete lines that have come since the last call; at the end also an unfinished one.</summary>
    public IReadOnlyList<string> ReadLines(bool atEnd)
    {
        var lines = new List<string>();
        byte[] bytes = new byte[1 << 16];
        char[] characters = new char[bytes.Length];
        while (true)
        {
            ReadOnlySpan<byte> data = bytes.AsSpan(0, RandomAccess.Read(_disk, bytes, _position));
            int end = data.IndexOf((byte)0);
            data = end < 0 ? data : data[..end];
            if (data.IsEmpty)
            {
                break;
            }
            _position += data.Length;
            int count = _decoder.GetChars(data, characters, flush: false);
            foreach (char character in characters.AsSpan(0, count))
            {
                Take(character, lines);
            }
        }
        if (atEnd && _line.Length > 0)
        {
            Take('\n', lines);
        }
        return lines;
    }

    public void Dispose() => _disk.Dispose();

    // Progress bars rewrite their line with a carriage return; each state becomes a line.
    private void Take(char character, List<string> lines)
    {
        if (character is not ('\n' or '\r'))
        {
            _line.Append(char.IsControl(character) && character != '\t' ? ' ' : character);
        }
        else if (_line.Length > 0)
        {
            lines.Add(_line.ToString());
            _line.Clear();
        }
    }
}
