using FleetingPlugin.Options;
using VmPool.Instances;

namespace FleetingPlugin.Fleeting;

/// <summary>Opens the group that a configuration describes. The seam between the service and the wiring of the whole house.</summary>
internal interface IGroupOpener
{
    /// <summary>Reads and checks the configuration, checks the host, locks the group and opens it.</summary>
    Task<OpenedGroup> OpenAsync(ReadOnlyMemory<byte> config, ConnectorSettings connector, CancellationToken cancellationToken);
}

/// <summary>A group that is open, with what must be given back after it.</summary>
internal sealed class OpenedGroup(string name, InstanceGroup instances, ConnectorSettings connector, GroupHold held) : IAsyncDisposable
{
    /// <summary>The host kills a plugin two seconds after it asked for the end; what is not done by then the next start finds.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1.5);

    private readonly Lock gate = new();
    private Task? closing;

    public string Name => name;

    public InstanceGroup Instances => instances;

    public ConnectorSettings Connector => connector;

    /// <summary>Tears down what is half-made, leaves what runs, gives the group's lock back. Bounded; once for all callers.</summary>
    public Task CloseAsync()
    {
        lock (gate)
        {
            return closing ??= CloseOnceAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await instances.DisposeAsync();
    }

    private async Task CloseOnceAsync()
    {
        using var deadline = new CancellationTokenSource(CloseTimeout);
        try
        {
            await instances.CloseAsync(deadline.Token);
            await held.DisposeAsync().AsTask().WaitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            // Work of this group still runs, so its lock must stay until the process is gone: another plugin that opened the
            // group now would meet it.
        }
    }
}
