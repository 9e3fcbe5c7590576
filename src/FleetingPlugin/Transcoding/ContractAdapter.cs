using System.Collections.Concurrent;
using FleetingPlugin.Binding;
using FleetingPlugin.Contract;
using FleetingPlugin.HostContract;
using GoPlugin.Grpc;
using Microsoft.Extensions.Logging;

namespace FleetingPlugin.Transcoding;

/// <summary>
/// Serves the contract of the runner that is installed: finds it beside the start, binds it to ours, and answers its calls.
/// Only application calls wait for the search.
/// </summary>
internal sealed class ContractAdapter
{
    private readonly ICanonicalService service;
    private readonly IHostCallback host;
    private readonly ILogger log;
    private readonly Task<Found> search;
    private readonly PendingConfiguration pending = new();
    private readonly ConcurrentDictionary<string, GrpcMethod> served = [];

    private ContractAdapter(ICanonicalService service, IHostCallback host, Func<ContractSearchResult> find, ILogger log)
    {
        (this.service, this.host, this.log) = (service, host, log);
        search = Task.Run(() => Bind(find()));
    }

    /// <summary>Begins the search at once, in the background.</summary>
    /// <param name="service">Answers in our contract.</param>
    /// <param name="host">Reaches the host's own services.</param>
    /// <param name="find">The search; runs on another thread.</param>
    /// <param name="log">Gets what was found and what is missing.</param>
    public static ContractAdapter Start(ICanonicalService service, IHostCallback host, Func<ContractSearchResult> find, ILogger log) =>
        new(service, host, find, log);

    /// <summary>The method for a path; null if the found contract has no such method or we have none like it. For the router's fallback.</summary>
    /// <param name="path">"/package.Service/Method".</param>
    /// <param name="cancellationToken">Ends the wait for the search.</param>
    /// <exception cref="GrpcStatusException">FailedPrecondition: no contract was found.</exception>
    public async ValueTask<GrpcMethod?> ResolveAsync(string path, CancellationToken cancellationToken)
    {
        Found found = await search.WaitAsync(cancellationToken);
        if (found.Bindings.Count == 0)
        {
            throw new GrpcStatusException(StatusCode.FailedPrecondition, found.Explanation);
        }
        if (served.TryGetValue(path, out GrpcMethod? known))
        {
            return known;
        }
        return path.LastIndexOf('/') is var slash and > 0 && found.Bindings.FirstOrDefault(binding => binding.Contract.Service.FullName == path[1..slash]) is { } contract
            && Serve(contract, path[(slash + 1)..]) is { } made
            ? served.GetOrAdd(path, made)
            : null;
    }

    /// <summary>A bound method, for tests and for the router.</summary>
    public ServedMethod Create(MethodBinding binding, string origin) => new(binding, origin, service, pending, log);

    private Found Bind(ContractSearchResult result)
    {
        if (result.Found is not { } found)
        {
            log.ContractMissing(result.Explanation);
            return new Found([], result.Explanation);
        }
        ContractBinding[] bindings = [.. found.Contracts.Select(contract => ContractBinding.Create(contract, found.Origin))];
        BindingReport.Log(bindings[0], log);
        return new Found(bindings, "");
    }

    private GrpcMethod? Serve(ContractBinding contract, string name)
    {
        if (contract.Methods.FirstOrDefault(method => method.Wire.Name == name) is { } method)
        {
            ServedMethod serving = Create(method, contract.Origin);
            return method.Shape == UpdateShape.Callback
                ? GrpcMethod.Unary((request, _, ct) => serving.CallBackAsync(request, host, ct))
                : method.Wire.ServerStreaming
                    ? GrpcMethod.ServerStreaming((request, call, ct) => serving.StreamAsync(request, call.WriteAsync, ct))
                    : GrpcMethod.Unary((request, _, ct) => serving.AnswerAsync(request, ct));
        }
        if (contract.Configure.FirstOrDefault(method => method.Wire.Name == name) is { } configure)
        {
            ServedMethod reading = Create(configure, contract.Origin);
            return GrpcMethod.Unary((request, _, _) =>
            {
                pending.Add((InitRequest)reading.Decode(request));
                return Task.FromResult(ReadOnlyMemory<byte>.Empty);
            });
        }
        return null;
    }

    private sealed record Found(IReadOnlyList<ContractBinding> Bindings, string Explanation);
}
