using Google.Protobuf;

namespace GoPlugin.Grpc;

/// <summary>One service: a name and its methods.</summary>
public sealed class GrpcService
{
    private readonly Dictionary<string, GrpcMethod> _methods = new(StringComparer.Ordinal);

    /// <summary>Starts a service without methods.</summary>
    /// <param name="name">The full name, "package.Service"; case matters on the wire.</param>
    public GrpcService(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
    }

    /// <summary>The full name, "package.Service".</summary>
    public string Name { get; }

    internal IReadOnlyDictionary<string, GrpcMethod> Methods => _methods;

    /// <summary>Adds a unary method over generated messages.</summary>
    /// <typeparam name="TRequest">The request's type.</typeparam>
    /// <typeparam name="TResponse">The response's type.</typeparam>
    /// <param name="name">The method's name.</param>
    /// <param name="handler">
    /// Gets the request, the call and a token that fires on the deadline, when the caller gives up and when the server stops.
    /// </param>
    /// <returns>This service, for the next method.</returns>
    public GrpcService Unary<TRequest, TResponse>(string name, Func<TRequest, GrpcCall, CancellationToken, Task<TResponse>> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Method(name, GrpcMethod.Unary(async (bytes, call, cancellationToken) =>
        {
            var response = await handler(GrpcMessage.Parse<TRequest>(bytes), call, cancellationToken);
            return response.ToByteArray();
        }));
    }

    /// <summary>Adds a server-streaming method over generated messages; the handler writes its responses to the call.</summary>
    /// <typeparam name="TRequest">The request's type.</typeparam>
    /// <param name="name">The method's name.</param>
    /// <param name="handler">As for <see cref="Unary"/>; the stream ends when it returns.</param>
    /// <returns>This service, for the next method.</returns>
    public GrpcService ServerStreaming<TRequest>(string name, Func<TRequest, GrpcCall, CancellationToken, Task> handler)
        where TRequest : class, IMessage<TRequest>, new()
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Method(name, GrpcMethod.ServerStreaming((bytes, call, cancellationToken) =>
            handler(GrpcMessage.Parse<TRequest>(bytes), call, cancellationToken)));
    }

    /// <summary>Adds a method of any kind.</summary>
    /// <param name="name">The method's name.</param>
    /// <param name="method">How it is served.</param>
    /// <returns>This service, for the next method.</returns>
    /// <exception cref="ArgumentException">The service has a method of this name.</exception>
    public GrpcService Method(string name, GrpcMethod method)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(method);
        _methods.Add(name, method);
        return this;
    }
}
