using System.Numerics;
using System.Text.Json;

namespace CloudHypervisorStandIn;

/// <summary>The real one's validation, done when a machine boots or is restored.</summary>
/// <param name="version">Decides the status: early versions answer 500 to everything.</param>
internal sealed class ConfigRules(StandInVersion version)
{
    private const int LongestDiskSerial = 20;
    private const int LowestMtu = 1280;

    /// <summary>Parts of a configuration that the real one knows. They must not be ignored in silence.</summary>
    internal static readonly string[] NotOffered =
        ["vsock", "balloon", "fs", "pmem", "devices", "user_devices", "vdpa", "numa", "platform", "tpm", "rate_limit_groups", "iommu"];

    /// <exception cref="VmException">The configuration is refused.</exception>
    internal void Check(VmConfig config)
    {
        if (config.Payload is not { Kernel: not null } and not { Firmware: not null })
        {
            throw Refused("No payload was specified");
        }
        Require(config.Payload is not { Kernel: not null, Firmware: not null }, "Kernel and firmware cannot be given together");
        CheckMemory(config.Memory);
        CheckIds(config);
        foreach (DiskConfig disk in config.Disks ?? [])
        {
            Require((disk.Serial?.Length ?? 0) <= LongestDiskSerial, $"Disk serial {disk.Serial} is longer than {LongestDiskSerial} bytes");
            Require(disk.NumQueues <= config.Cpus.BootVcpus, $"Number of queues of {disk.Id} exceeds the number of boot vCPUs");
            Require(disk.QueueSize > 2 && BitOperations.IsPow2(disk.QueueSize), $"Queue size of {disk.Id} is not a power of two above 2");
        }
        foreach (NetConfig net in config.Net ?? [])
        {
            Require(net.Mtu is null or >= LowestMtu, $"MTU {net.Mtu} is below {LowestMtu}");
            Require(net.Ip is null == net.Mask is null, "IP address and mask must be given together");
            Require(net.NumQueues / 2 <= config.Cpus.BootVcpus, $"Number of queues of {net.Id} exceeds the number of boot vCPUs");
        }
        LandlockPaths.Check(config, Refused);
        CheckOffered(config);
    }

    private void CheckMemory(MemoryConfig memory) => Require(
        memory.Size == 0 == memory.Zones is { Count: > 0 },
        memory.Size == 0 ? "Memory size is zero and there are no zones" : "Memory size must be zero when zones are used");

    private void CheckIds(VmConfig config)
    {
        var seen = new HashSet<string?>();
        foreach (string? id in (config.Disks ?? []).Select(disk => disk.Id).Concat((config.Net ?? []).Select(net => net.Id)))
        {
            Require(id?.StartsWith("__", StringComparison.Ordinal) != true, $"Identifier {id} is not valid");
            if (!seen.Add(id))
            {
                throw Refused($"Identifier {id} is not unique", 409);
            }
        }
    }

    private static void CheckOffered(VmConfig config)
    {
        string? missing = config.Others?.FirstOrDefault(other => NotOffered.Contains(other.Key)
            && other.Value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False)).Key;
        missing ??= config.Watchdog ? "watchdog" : config.Pvpanic ? "pvpanic" : config.Payload!.Kernel is null ? "firmware"
            : config.Memory.Zones is { Count: > 1 } ? "more than one memory zone" : null;
        foreach (string mode in new[] { config.Serial.Mode, config.Console.Mode })
        {
            missing ??= mode is "Pty" or "Socket" ? $"consoles of the mode {mode}" : null;
        }
        if (missing is not null)
        {
            throw VmException.NotOffered(missing);
        }
    }

    private void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw Refused(otherwise);
        }
    }

    private VmException Refused(string reason, int status = 400) =>
        new(version.HasValidationCodes ? status : 500, "Failed to validate config", reason);
}
