using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace GoPlugin.Grpc;

/// <summary>
/// Takes length-prefixed messages off a body: one flag byte, four bytes of big-endian length, the payload. Messages and
/// DATA frames share no boundaries.
/// </summary>
internal sealed class MessageReader(PipeReader body, int maxMessageBytes, string? encoding)
{
    private const int PrefixLength = 5;

    // A length prefix is only a claim: memory follows the bytes that really arrive, from this size on.
    private const int FirstAllocation = 64 * 1024;

    /// <summary>The next message, or null at the end of the body.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellationToken)
    {
        if (await ReadPrefixAsync(cancellationToken) is not { } length)
        {
            return null;
        }

        if (length > maxMessageBytes)
        {
            throw new GrpcStatusException(
                StatusCode.ResourceExhausted,
                $"a message of {length} bytes is larger than the {maxMessageBytes} bytes accepted here");
        }

        return await ReadPayloadAsync((int)length, cancellationToken);
    }

    /// <summary>The only message of a unary request; fewer or more than one is the peer's fault.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadSingleAsync(CancellationToken cancellationToken)
    {
        var message = await ReadAsync(cancellationToken)
            ?? throw new GrpcStatusException(StatusCode.Internal, "the stream carries no message, a unary call needs one");
        return await ReadPrefixAsync(cancellationToken) is null
            ? message
            : throw new GrpcStatusException(StatusCode.Internal, "the stream carries more than one message, a unary call allows one");
    }

    private async ValueTask<uint?> ReadPrefixAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await ReadPipeAsync(cancellationToken);
            var buffer = result.Buffer;
            if (buffer.Length >= PrefixLength)
            {
                var length = ParsePrefix(buffer, out var flag);
                body.AdvanceTo(buffer.GetPosition(PrefixLength));
                CheckFlag(flag);
                return length;
            }

            var atEnd = result.IsCompleted;
            var isEmpty = buffer.IsEmpty;
            body.AdvanceTo(buffer.Start, buffer.End);
            if (atEnd)
            {
                return isEmpty ? null : throw Truncated();
            }
        }
    }

    private static uint ParsePrefix(ReadOnlySequence<byte> buffer, out byte flag)
    {
        Span<byte> prefix = stackalloc byte[PrefixLength];
        buffer.Slice(0, PrefixLength).CopyTo(prefix);
        flag = prefix[0];
        return BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadPayloadAsync(int length, CancellationToken cancellationToken)
    {
        if (length == 0)
        {
            return ReadOnlyMemory<byte>.Empty;
        }

        var message = new byte[Math.Min(length, FirstAllocation)];
        var filled = 0;
        while (filled < length)
        {
            var result = await ReadPipeAsync(cancellationToken);
            var available = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, length - filled));
            var count = (int)available.Length;
            if (filled + count > message.Length)
            {
                Array.Resize(ref message, (int)Math.Min(length, Math.Max(filled + count, message.Length * 2L)));
            }

            available.CopyTo(message.AsSpan(filled));
            filled += count;
            // Consumed at once, so that the sender's flow-control window opens again.
            body.AdvanceTo(available.End);
            if (filled < length && result.IsCompleted)
            {
                throw Truncated();
            }
        }

        return message;
    }

    private async ValueTask<ReadResult> ReadPipeAsync(CancellationToken cancellationToken)
    {
        var result = await body.ReadAsync(cancellationToken);
        return result.IsCanceled ? throw new OperationCanceledException("the request body was cancelled") : result;
    }

    private void CheckFlag(byte flag)
    {
        switch (flag)
        {
            case 0:
                return;
            case 1 when encoding is null or "" or "identity":
                throw new GrpcStatusException(StatusCode.Internal, "a message is flagged as compressed, but grpc-encoding names no compression");
            case 1:
                throw new GrpcStatusException(
                    StatusCode.Unimplemented, $"messages compressed with '{encoding}' are not supported; supported: identity");
            default:
                throw new GrpcStatusException(StatusCode.Internal, $"a message starts with flag byte {flag}; only 0 and 1 exist");
        }
    }

    private static GrpcStatusException Truncated() => new(StatusCode.Internal, "the stream ends in the middle of a message");
}
