namespace GoPlugin.Grpc;

/// <summary>Finds the method for a path. What nobody knows is answered with UNIMPLEMENTED.</summary>
public sealed class GrpcRouter
{
    private readonly Dictionary<string, GrpcMethod> _methods = new(StringComparer.Ordinal);

    /// <summary>
    /// Asked for every path that no added service has; returns null for "unknown". It may take its time: only the calls
    /// that need it wait. Its exceptions go through the same error funnel as a handler's.
    /// </summary>
    public Func<string, CancellationToken, ValueTask<GrpcMethod?>>? Fallback { get; init; }

    /// <summary>Adds a service. Not to be used once the server runs.</summary>
    /// <param name="service">The service.</param>
    /// <returns>This router, for the next service.</returns>
    /// <exception cref="ArgumentException">A method of this path is there already.</exception>
    public GrpcRouter Add(GrpcService service)
    {
        ArgumentNullException.ThrowIfNull(service);
        foreach (var (name, method) in service.Methods)
        {
            _methods.Add($"/{service.Name}/{name}", method);
        }

        return this;
    }

    internal GrpcMethod? Find(string path) => _methods.GetValueOrDefault(path);
}
