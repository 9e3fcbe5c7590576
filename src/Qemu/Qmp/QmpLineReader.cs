namespace Qemu;

/// <summary>Cuts QEMU's output into lines. A line is never longer than a bound, whatever a taken-over QEMU sends.</summary>
internal sealed class QmpLineReader(Stream stream)
{
    private const int MaximumLine = 1024 * 1024;

    private byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;

    /// <summary>The next line without its end, valid until the next call; null at the end of the stream.</summary>
    /// <exception cref="FormatException">A line is too long.</exception>
    internal async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellationToken)
    {
        int searched = _start;
        while (true)
        {
            int found = _buffer.AsSpan(searched, _end - searched).IndexOf((byte)'\n');
            if (found >= 0)
            {
                int lineStart = _start;
                int lineEnd = searched + found;
                _start = lineEnd + 1;
                return _buffer.AsMemory(lineStart, lineEnd - lineStart);
            }
            MakeRoom();
            searched = _end;
            int read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
            {
                return null;
            }
            _end += read;
        }
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        if (_end < _buffer.Length)
        {
            return;
        }
        if (_buffer.Length >= MaximumLine)
        {
            throw new FormatException($"a line is longer than {MaximumLine} bytes");
        }
        Array.Resize(ref _buffer, _buffer.Length * 2);
    }
}
