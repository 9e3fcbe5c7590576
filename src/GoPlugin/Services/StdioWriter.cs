using System.Text;

namespace GoPlugin.Services;

/// <summary>Console.Out while the plugin serves: into the queue, never to descriptor 1.</summary>
internal sealed class StdioWriter(StdioQueue queue) : TextWriter
{
    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => Write([value]);

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> buffer)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(buffer)];
        Encoding.UTF8.GetBytes(buffer, bytes);
        queue.Write(bytes);
    }

    // One piece, so that a line is not torn by a drop in its middle.
    public override void WriteLine(string? value) => Write(value + NewLine);
}
