using FleetingPlugin.Contract;
using FleetingPlugin.Options;
using FleetingPlugin.Transcoding;
using VmPool.Instances;

namespace FleetingPlugin.Fleeting;

/// <summary>
/// fleeting's InstanceGroup over our canonical contract (proto/fleeting.proto). Semantics: what the runner's provisioner
/// loop relies on. While a call of Increase, Decrease or Update lasts the runner does nothing else, so all of them answer
/// from memory.
/// </summary>
internal sealed class FleetingService(IGroupOpener opener) : ICanonicalService, IAsyncDisposable
{
    private readonly SemaphoreSlim opening = new(1);
    private volatile OpenedGroup? opened;

    /// <summary>Once per process: reads the configuration and opens the group. Never waits for an image.</summary>
    public async Task<InitResponse> InitAsync(InitRequest request, CancellationToken cancellationToken)
    {
        await opening.WaitAsync(cancellationToken);
        try
        {
            if (opened is { } already)
            {
                throw new InvalidOperationException(
                    $"Init was called a second time; this process already serves group {already.Name}. Restart gitlab-runner to change the configuration");
            }
            OpenedGroup group = await opener.OpenAsync(request.Config.Memory, ConnectorSettings.From(request.Settings), cancellationToken);
            opened = group;
            return new InitResponse
            {
                Id = $"vmpool/{Environment.MachineName}/{group.Name}",
                MaxSize = group.Instances.MaxSize,
                Version = BuildStamp.Version,
                BuildInfo = BuildStamp.Summary,
            };
        }
        finally
        {
            opening.Release();
        }
    }

    /// <summary>One complete listing.</summary>
    public Task<UpdateResponse> UpdateAsync(UpdateRequest request, CancellationToken cancellationToken)
    {
        var response = new UpdateResponse();
        foreach (InstanceReport report in Require().Instances.List())
        {
            response.Instances.Add(new Contract.Instance { Id = report.Id, State = report.State.Word() });
        }
        return Task.FromResult(response);
    }

    /// <summary>Accepts what there is room for; a refusal of everything is an error, of a part a text beside the count.</summary>
    public Task<IncreaseResponse> IncreaseAsync(IncreaseRequest request, CancellationToken cancellationToken)
    {
        Acceptance acceptance = Require().Instances.Accept(request.Count);
        return Task.FromResult(new IncreaseResponse { Succeeded = acceptance.Ids.Count, Error = acceptance.Shortfall });
    }

    /// <summary>Begins deletions and returns at once.</summary>
    public Task<DecreaseResponse> DecreaseAsync(DecreaseRequest request, CancellationToken cancellationToken)
    {
        var response = new DecreaseResponse();
        response.Succeeded.AddRange(Require().Instances.Remove(request.Ids));
        return Task.FromResult(response);
    }

    /// <summary>Fresh connection data of a running instance. The operator's connector settings win over ours.</summary>
    public Task<ConnectInfoResponse> ConnectInfoAsync(ConnectInfoRequest request, CancellationToken cancellationToken)
    {
        OpenedGroup group = Require();
        InstanceConnection connection = group.Instances.Connect(request.Id);
        return Task.FromResult(new ConnectInfoResponse
        {
            Id = connection.Id,
            InternalAddr = connection.Address,
            Config = ConnectorMapping.ToWire(group.Connector, connection),
        });
    }

    /// <summary>OK means healthy; any error means unhealthy.</summary>
    public async Task<HeartbeatResponse> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellationToken)
    {
        await Require().Instances.CheckAsync(request.Id, cancellationToken);
        return new HeartbeatResponse();
    }

    /// <summary>Not offered: the capability is not declared, so a runner asks only by mistake.</summary>
    public Task<SuspendResponse> SuspendAsync(SuspendRequest request, CancellationToken cancellationToken) =>
        throw NotSupported("suspended", request.Ids);

    /// <summary>Not offered, see <see cref="SuspendAsync"/>.</summary>
    public Task<ResumeResponse> ResumeAsync(ResumeRequest request, CancellationToken cancellationToken) =>
        throw NotSupported("resumed", request.Ids);

    /// <summary>
    /// The last call. Running instances stay: whether they go is the runner's decision (delete_instances_on_shutdown), which
    /// it carries out with Decrease before this.
    /// </summary>
    public async Task<ShutdownResponse> ShutdownAsync(ShutdownRequest request, CancellationToken cancellationToken)
    {
        if (opened is { } group)
        {
            await group.CloseAsync();
        }
        return new ShutdownResponse();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (opened is { } group)
        {
            await group.DisposeAsync();
        }
        opening.Dispose();
    }

    private OpenedGroup Require() => opened ?? throw new InvalidOperationException(
        "the group is not open: Init has not been called or failed; its error in the runner's log says why");

    private static NotSupportedException NotSupported(string verb, IReadOnlyList<string> ids) => new(
        $"suspend and resume are not supported: {string.Join(", ", ids)} cannot be {verb}; leave FF_SUSPENDABLE_ENVIRONMENTS off");
}
