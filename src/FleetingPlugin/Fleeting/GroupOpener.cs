using System.Text;
using FleetingPlugin.Options;
using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool;
using VmPool.Instances;
using VmPool.Keys;
using VmPool.Options;
using VmPool.Provisioning;
using VmPool.Simulated;
using VmPool.Storage;

namespace FleetingPlugin.Fleeting;

/// <summary>Init, step by step: options, credentials, lock, host, record, group.</summary>
internal sealed class GroupOpener(ILoggerFactory loggers, TimeProvider clock) : IGroupOpener
{
    private readonly ILogger log = loggers.CreateLogger("vmpool");

    public async Task<OpenedGroup> OpenAsync(ReadOnlyMemory<byte> config, ConnectorSettings connector, CancellationToken cancellationToken)
    {
        GroupOptions options = PluginConfig.Parse(config, connector);
        LoginCredentials credentials = Credentials(connector);
        PrivateDirectory.Ensure(options.StateDirectory);
        PrivateDirectory.Ensure(options.GroupStateDirectory);

        var held = new GroupHold();
        try
        {
            held.Add(LockGroup(options));
            VmPorts ports = await OpenPortsAsync(options, held, cancellationToken);
            new InitRecord(BuildFacts.Version, ports.Hypervisor.Name, TextOf(config), connector.Username).Save(options.GroupStateDirectory);
            InstanceGroup group = await InstanceGroup.OpenAsync(options, credentials, ports, clock, log, cancellationToken);
            return new OpenedGroup(options.Name, group, connector, held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private async Task<VmPorts> OpenPortsAsync(GroupOptions options, GroupHold held, CancellationToken cancellationToken)
    {
        return options.Hypervisor.Name == SimulatedPool.HypervisorName
            ? SimulatedPool.Create(options, clock, log)
            : await RealPool.OpenAsync(options, held, clock, log, cancellationToken);
    }

    private static FileLock LockGroup(GroupOptions options)
    {
        string path = GroupFiles.LockPath(options.GroupStateDirectory);
        return FileLock.TryAcquire(path) ?? throw new HostRequirementException(
            $"group {options.Name} is already open in another process (held by pid {FileLock.HolderOf(path)?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "unknown"}): "
            + "two [[runners]] entries need different `name`s in their plugin_config");
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
