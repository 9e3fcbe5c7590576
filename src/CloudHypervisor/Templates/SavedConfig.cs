using System.Text.Json;
using System.Text.Json.Nodes;
using VmPool;

namespace CloudHypervisor;

/// <summary>
/// The description that Cloud Hypervisor saves beside a machine's state. It is taken at its word when a clone is restored: so it is
/// compared here, once, with what the machine was created with, and made fit for clones.
/// </summary>
internal static class SavedConfig
{
    /// <summary>What clones are restored with.</summary>
    /// <param name="saved">As Cloud Hypervisor wrote it.</param>
    /// <param name="created">What the machine was created with.</param>
    /// <exception cref="HypervisorException">It is no description, or one of another machine; says in what.</exception>
    internal static byte[] ForClones(ReadOnlySpan<byte> saved, VmConfig created)
    {
        Compare(saved, created);
        // Edited as a tree: what Cloud Hypervisor adds by itself stays, whether we know it or not.
        JsonObject root = JsonNode.Parse(saved)!.AsObject();
        // Writes stay with the clone, which opens the file for reading only.
        root["memory"]!["zones"]![0]!["shared"] = false;
        JsonObject payload = root["payload"]!.AsObject();
        // Would be opened at every restore; the kernel's path is looked at by a restart alone, which ends a clone.
        payload.Remove("initramfs");
        JsonObject net = root["net"]![0]!.AsObject();
        foreach (string hostSide in new[] { "host_mac", "ip", "mask" })
        {
            // v53 stores the TAP's own address here and would set it again, for which a clone has no right.
            net.Remove(hostSide);
        }
        if (root["landlock_rules"] is JsonArray rules)
        {
            foreach (JsonNode? rule in rules.Where(rule => (string?)rule?["path"] == VmConfigBuilder.SnapshotPath).ToArray())
            {
                rules.Remove(rule);
            }
        }
        return JsonSerializer.SerializeToUtf8Bytes(root, NodeJson.Default.JsonObject);
    }

    /// <summary>Whether a stored description is the one that clones of such a machine are restored with.</summary>
    /// <exception cref="HypervisorException">It is not; says in what.</exception>
    internal static void Require(ReadOnlySpan<byte> stored, TemplateRecord record)
    {
        VmConfig config = Parse(stored);
        MemoryZone? zone = config.Memory.Zones is [var only] ? only : null;
        Same("memory", (VmConfigBuilder.MemoryId, (long)record.MemoryMb << 20, false), (zone?.Id, zone?.Size, zone?.Shared));
        Same("CPUs", (record.Cpus, record.Cpus), (config.Cpus.BootVcpus, config.Cpus.MaxVcpus));
        SameList("disks", [.. record.Disks.Select((disk, i) => (VmConfigBuilder.DiskId(i), VmConfigBuilder.ImageType(disk.Format), VmConfigBuilder.IsOverlay(disk.Format), disk.ReadOnly))],
            config.Disks.Select(disk => (disk.Id, disk.ImageType, disk.BackingFiles, disk.Readonly)).ToArray(), disk => disk);
        Same("network card", VmConfigBuilder.NetId, config.Net is [var card] ? card.Id : null);
        Same("virtio console", record.VirtioConsole ? "File" : "Off", config.Console.Mode);
        Same("Landlock", record.Landlock, config.LandlockEnable);
    }

    private static void Compare(ReadOnlySpan<byte> saved, VmConfig created)
    {
        VmConfig config = Parse(saved);
        Same("CPUs", (created.Cpus.BootVcpus, created.Cpus.MaxVcpus), (config.Cpus.BootVcpus, config.Cpus.MaxVcpus));
        Same("nested virtualization", created.Cpus.Nested, config.Cpus.Nested);
        SameList("memory", created.Memory.Zones, config.Memory.Zones, zone => (zone.Id, zone.Size, zone.File));
        SameList("disks", created.Disks, config.Disks, disk => (disk.Id, disk.Path, disk.ImageType, disk.BackingFiles, disk.Readonly));
        SameList("network cards", created.Net, config.Net, card => (card.Id, card.Tap, card.Mac.ToLowerInvariant(), card.NumQueues));
        Same("serial console", created.Serial, config.Serial);
        Same("virtio console", created.Console.Mode, config.Console.Mode);
        Same("kernel", created.Payload.Kernel, config.Payload.Kernel);
        Same("Landlock", created.LandlockEnable, config.LandlockEnable);
    }

    private static VmConfig Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ApiJson.Default.VmConfig) ?? throw new HypervisorException($"{TemplateFiles.Config} is empty");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException)
        {
            throw new HypervisorException($"{TemplateFiles.Config} is no description of a machine of ours: {e.Message}", e);
        }
    }

    private static void SameList<T, TPart>(string what, IReadOnlyList<T>? expected, IReadOnlyList<T>? found, Func<T, TPart> part) =>
        Same(what, string.Join(' ', (expected ?? []).Select(part)), string.Join(' ', (found ?? []).Select(part)));

    private static void Same<T>(string what, T expected, T found)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, found))
        {
            throw new HypervisorException($"{TemplateFiles.Config} describes another machine: {what} should be {expected}, but it says {found}");
        }
    }
}
