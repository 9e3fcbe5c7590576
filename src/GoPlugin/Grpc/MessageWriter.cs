using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace GoPlugin.Grpc;

/// <summary>Puts length-prefixed messages on a body, never compressed.</summary>
internal static class MessageWriter
{
    private const int PrefixLength = 5;

    // Large messages go out in pieces, so that the flow control of HTTP/2 bounds what is buffered.
    private const int PieceLength = 1024 * 1024;

    /// <summary>Writes and flushes one message.</summary>
    /// <exception cref="OperationCanceledException">The peer is gone.</exception>
    public static async Task WriteAsync(PipeWriter body, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        WritePrefix(body, message.Length);
        var rest = message;
        do
        {
            var piece = rest[..Math.Min(rest.Length, PieceLength)];
            rest = rest[piece.Length..];
            body.Write(piece.Span);
            var flushed = await body.FlushAsync(cancellationToken);
            if (flushed.IsCompleted || flushed.IsCanceled)
            {
                throw new OperationCanceledException("the peer does not read the response any more");
            }
        }
        while (!rest.IsEmpty);
    }

    /// <summary>One message with its prefix as one array.</summary>
    public static byte[] Frame(ReadOnlyMemory<byte> message)
    {
        var framed = new byte[PrefixLength + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.Span.CopyTo(framed.AsSpan(PrefixLength));
        return framed;
    }

    private static void WritePrefix(PipeWriter body, int length)
    {
        var prefix = body.GetSpan(PrefixLength);
        prefix[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(prefix[1..], length);
        body.Advance(PrefixLength);
    }
}
