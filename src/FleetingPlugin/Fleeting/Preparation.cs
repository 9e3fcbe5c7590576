using Microsoft.Extensions.Logging;
using VmPool.Ports;
using VmPool.Provisioning;

namespace FleetingPlugin.Fleeting;

/// <summary>
/// What can be done before the first job asks: find out what the hypervisor can do, and have image and template ready. Runs beside
/// the service; its failures are those of the instances that need the result, which get them again with their own errors.
/// </summary>
internal sealed class Preparation : IAsyncDisposable
{
    private readonly CancellationTokenSource ended = new();
    private readonly Task work;

    public Preparation(VmPorts ports, ILogger log) => work = Task.Run(() => RunAsync(ports, log, ended.Token));

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ended.Dispose();
    }

    private static async Task RunAsync(VmPorts ports, ILogger log, CancellationToken cancellationToken)
    {
        try
        {
            HypervisorCapabilities capabilities = await ports.Hypervisor.ProbeAsync(cancellationToken);
            if (capabilities.Warning is { } warning)
            {
                log.HypervisorWarning(ports.Hypervisor.Name, warning);
            }
            ImageGeneration image = await ports.Images.CurrentAsync(cancellationToken);
            await ports.Templates.CurrentAsync(image, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            log.PreparationFailed(e);
        }
    }
}
