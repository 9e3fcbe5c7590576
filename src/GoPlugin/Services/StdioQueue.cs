using System.Threading.Channels;

namespace GoPlugin.Services;

/// <summary>
/// What waits to be carried to the host: at most 1 MiB. Old hosts never ask for it, so writers must neither block nor
/// fill the memory; the oldest output is dropped first.
/// </summary>
internal sealed class StdioQueue
{
    // go-plugin's own chunk size.
    internal const int ChunkBytes = 1024;

    private readonly Channel<byte[]> _chunks = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(1024) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Chunks that nobody has taken yet.</summary>
    public int Waiting => _chunks.Reader.Count;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var chunk = bytes[..Math.Min(bytes.Length, ChunkBytes)];
            _ = _chunks.Writer.TryWrite(chunk.ToArray());
            bytes = bytes[chunk.Length..];
        }
    }

    public IAsyncEnumerable<byte[]> ReadAllAsync(CancellationToken cancellationToken) => _chunks.Reader.ReadAllAsync(cancellationToken);
}
