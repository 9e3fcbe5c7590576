using Microsoft.Extensions.Logging;
using VmPool;
using VmPool.Options;
using VmPool.Provisioning;

namespace FleetingPlugin.Fleeting;

/// <summary>The ports of a group with real virtual machines.</summary>
internal static class RealPool
{
    public static Task<VmPorts> OpenAsync(GroupOptions options, GroupHold held, TimeProvider clock, ILogger log, CancellationToken cancellationToken) =>
        throw new HostRequirementException("not wired yet");
}
