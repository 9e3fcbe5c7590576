using System.Text;
using FleetingPlugin.Options;
using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool;
using VmPool.Instances;
using VmPool.Keys;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Provisioning;
using VmPool.Recovery;
using VmPool.Simulated;
using VmPool.Storage;

namespace FleetingPlugin.Fleeting;

/// <summary>Init, step by step: options, credentials, lock, host, record, group; then the image and the hypervisor in the background.</summary>
internal sealed class GroupOpener(ILoggerFactory hostLoggers, TimeProvider clock) : IGroupOpener
{
    public async Task<OpenedGroup> OpenAsync(ReadOnlyMemory<byte> config, ConnectorSettings connector, CancellationToken cancellationToken)
    {
        GroupOptions options = PluginConfig.Parse(config, connector);
        LoginCredentials credentials = Credentials(connector);
        var loggers = new FieldLoggerFactory(hostLoggers, "group", options.Name);
        ILogger log = loggers.CreateLogger("vmpool");
        options = BootIfPassword(options, credentials, log);
        var held = new GroupHold();
        try
        {
            VmPorts ports = await OpenPortsAsync(options, held, makesInstances: true, loggers, cancellationToken);
            WarnIfMaxVmsDoesNotFit(options, ports, log);
            if (ports.Slots is IReadySlots slots)
            {
                var reserve = new SlotReserve(slots, options, clock, log);
                held.Add(reserve);
                ports = ports with { Slots = reserve };
            }
            InstanceGroup group = await InstanceGroup.OpenAsync(options, credentials, ports, clock, log, cancellationToken);
            (ports.Slots as SlotReserve)?.Start();
            new InitRecord(BuildStamp.Version, ports.Hypervisor.Name, TextOf(config), connector.Username).Save(options.GroupStateDirectory);
            held.Add(new Preparation(ports, log));
            group.KeepSpares();
            return new OpenedGroup(options.Name, group, connector, held);
        }
        catch
        {
            await held.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a group only to have its leftovers removed: nothing is recorded and nothing is prepared.</summary>
    public async Task<OpenedGroup> OpenForCollectionAsync(GroupOptions options, CancellationToken cancellationToken)
    {
        var held = new GroupHold();
        try
        {
            VmPorts ports = await OpenPortsAsync(options, held, makesInstances: false, hostLoggers, cancellationToken);
            InstanceGroup group = await InstanceGroup.OpenAsync(
                options, LoginCredentials.PerInstance, ports, clock, hostLoggers.CreateLogger("vmpool"), cancellationToken);
            return new OpenedGroup(options.Name, group, new ConnectorSettings(), held);
        }
        catch
        {
            await held.DisposeAsync();
            throw;
        }
    }

    private async Task<VmPorts> OpenPortsAsync(
        GroupOptions options, GroupHold held, bool makesInstances, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (options.Hypervisor.Name != SimulatedPool.HypervisorName)
        {
            return await new RealPool(options, clock, loggers) { MakesInstances = makesInstances }.OpenAsync(held, cancellationToken);
        }
        if (ConfiguredDirectories.FaultOf("state_directory", options.StateDirectory) is { } fault)
        {
            throw new HostRequirementException($"group {options.Name} cannot be opened: {fault}");
        }
        PrivateDirectory.Ensure(options.GroupStateDirectory);
        // Nothing of the host is used, so only the state directory is shared: its lock is enough, and needs no root.
        held.Add(HostRegistry.LockGroup(options));
        return SimulatedPool.Create(options, clock, loggers.CreateLogger("vmpool"));
    }

    private static void WarnIfMaxVmsDoesNotFit(GroupOptions options, VmPorts ports, ILogger log)
    {
        long room = ports.Capacity.AvailableMemoryMb() / options.Machine.MemoryMb;
        if (options.MaxVms is { } wanted && wanted > room)
        {
            log.MaxVmsDoesNotFit(options.Name, wanted, room, $"each machine gets vm_memory_mb = {options.Machine.MemoryMb}");
        }
    }

    // A clone gets its identity in one line that knows keys only, and a template must not hold the password.
    private static GroupOptions BootIfPassword(GroupOptions options, LoginCredentials credentials, ILogger log)
    {
        if (credentials.Password is null || options.Hypervisor.Start != "clone")
        {
            return options;
        }
        log.PasswordMeansBoot(options.Name);
        return options with { Hypervisor = options.Hypervisor with { Start = "boot" } };
    }

    private static LoginCredentials Credentials(ConnectorSettings connector)
    {
        string? password = connector.Password.Length > 0 ? connector.Password : null;
        if (connector.CreatesKeys)
        {
            return LoginCredentials.PerInstance with { Password = password };
        }
        string? publicKey = connector.Key.IsEmpty ? null : SshPublicKey.FromPrivate(Encoding.UTF8.GetString(connector.Key.Span));
        return new LoginCredentials(AreStatic: true, publicKey, password);
    }

    private static string TextOf(ReadOnlyMemory<byte> config) => config.IsEmpty ? "null" : Encoding.UTF8.GetString(config.Span);
}
