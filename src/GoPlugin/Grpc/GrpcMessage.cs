using Google.Protobuf;

namespace GoPlugin.Grpc;

/// <summary>From bytes to messages, with gRPC's error for bytes that are none.</summary>
internal static class GrpcMessage
{
    public static T Parse<T>(ReadOnlyMemory<byte> bytes)
        where T : class, IMessage<T>, new()
    {
        var message = new T();
        try
        {
            message.MergeFrom(bytes.Span);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new GrpcStatusException(StatusCode.Internal, $"the {bytes.Length} bytes received are not a {typeof(T).Name}: {e.Message}", e);
        }

        return message;
    }
}
