using System.Globalization;
using System.Text.Json;

namespace CloudHypervisorStandIn;

/// <summary>vm.counters: what disks and network cards have done.</summary>
internal static class DeviceCounters
{
    // What latency fields read before the first request; they are not measured here.
    private const ulong Never = ulong.MaxValue;

    internal static Dictionary<string, Dictionary<string, ulong>> Read(VmConfig config, IReadOnlyList<JsonElement> disks)
    {
        var counters = new Dictionary<string, Dictionary<string, ulong>>();
        for (int i = 0; i < disks.Count && i < (config.Disks?.Count ?? 0); i++)
        {
            counters[config.Disks![i].Id!] = Disk(disks[i]);
        }
        foreach (NetConfig net in config.Net ?? [])
        {
            counters[net.Id!] = NetworkCard($"/sys/class/net/{net.Tap}/statistics");
        }
        return counters;
    }

    private static Dictionary<string, ulong> Disk(JsonElement stats) => new()
    {
        ["read_bytes"] = stats.GetProperty("rd_bytes").GetUInt64(),
        ["write_bytes"] = stats.GetProperty("wr_bytes").GetUInt64(),
        ["read_ops"] = stats.GetProperty("rd_operations").GetUInt64(),
        ["write_ops"] = stats.GetProperty("wr_operations").GetUInt64(),
        ["read_latency_min"] = Never,
        ["read_latency_max"] = Never,
        ["read_latency_avg"] = Never,
        ["write_latency_min"] = Never,
        ["write_latency_max"] = Never,
        ["write_latency_avg"] = Never,
    };

    // What the host's end receives the guest has sent.
    private static Dictionary<string, ulong> NetworkCard(string directory) => new()
    {
        ["rx_bytes"] = Number(directory, "tx_bytes"),
        ["tx_bytes"] = Number(directory, "rx_bytes"),
        ["rx_frames"] = Number(directory, "tx_packets"),
        ["tx_frames"] = Number(directory, "rx_packets"),
    };

    private static ulong Number(string directory, string name)
    {
        string path = Path.Combine(directory, name);
        return File.Exists(path) ? ulong.Parse(File.ReadAllText(path), CultureInfo.InvariantCulture) : 0;
    }
}
