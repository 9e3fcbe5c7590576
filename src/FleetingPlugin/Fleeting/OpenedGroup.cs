using FleetingPlugin.Options;
using VmPool.Instances;

namespace FleetingPlugin.Fleeting;

/// <summary>Opens the group that a configuration describes. The seam between the service and the wiring of the whole house.</summary>
internal interface IGroupOpener
{
    /// <summary>Reads and checks the configuration, checks the host, locks the group and opens it.</summary>
    Task<OpenedGroup> OpenAsync(ReadOnlyMemory<byte> config, ConnectorSettings connector, CancellationToken cancellationToken);
}

/// <summary>A group that is open, with what must be closed after it.</summary>
internal sealed class OpenedGroup(string name, InstanceGroup instances, ConnectorSettings connector, GroupHold held) : IAsyncDisposable
{
    /// <summary>Instances torn down on the way out get this long; the rest is found by the next start.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1.5);

    private int closed;

    public string Name => name;

    public InstanceGroup Instances => instances;

    public ConnectorSettings Connector => connector;

    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref closed, 1) != 0)
        {
            return;
        }
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(CloseTimeout);
        try
        {
            await instances.CloseAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            // Half-made instances are left as they are: their records lead the next start to them.
        }
        finally
        {
            await held.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync(CancellationToken.None);
        await instances.DisposeAsync();
    }
}
