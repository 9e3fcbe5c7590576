using System.Text.Json.Serialization;
using VmPool.Ports;
using VmPool.Storage;

namespace VmPool.Status;

/// <summary>Everything the state directory says, read beside running plugins and without disturbing them.</summary>
/// <param name="Groups">Groups of this state directory.</param>
/// <param name="Instances">Their instances.</param>
public sealed record StatusReport(IReadOnlyList<GroupStatus> Groups, IReadOnlyList<InstanceStatus> Instances)
{
    /// <summary>As `status --json` prints it.</summary>
    public string ToJson() => System.Text.Json.JsonSerializer.Serialize(this, StatusJson.Default.StatusReport);
}

/// <summary>One group.</summary>
/// <param name="Name">Its name.</param>
/// <param name="PluginPid">The process that holds it; absent when none does.</param>
/// <param name="Hypervisor">Of the last Init.</param>
/// <param name="Simulated">True when no virtual machine is real.</param>
/// <param name="Template">Whether instances are clones, and if not, why; absent when none was ever needed.</param>
public sealed record GroupStatus(string Name, int? PluginPid, string Hypervisor, bool Simulated, TemplateStatus? Template);

/// <summary>One instance. No secret is in here.</summary>
public sealed record InstanceStatus(
    string Group,
    string Id,
    string State,
    string Address,
    int? Slot,
    int Pid,
    string Hypervisor,
    string Image,
    string HostKey,
    string Failure,
    DateTimeOffset AcceptedAt,
    IReadOnlyList<TimelineEntry> Timeline);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(StatusReport))]
internal sealed partial class StatusJson : JsonSerializerContext;
