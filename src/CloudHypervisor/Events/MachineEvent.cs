using System.Text.Json;

namespace CloudHypervisor;

/// <summary>Something that has happened in a Cloud Hypervisor process.</summary>
/// <param name="Source">vmm, vm, virtio-device or guest.</param>
/// <param name="Name">For example rebooting; each source has its own.</param>
internal sealed record MachineEvent(string Source, string Name)
{
    /// <summary>
    /// The guest has restarted. Cloud Hypervisor would build the machine anew inside the same process, and one whose kernel fails
    /// at once would go on like that for ever.
    /// </summary>
    internal bool IsRestart => Source == "vm" && Name == "rebooting";

    /// <summary>Absent when the object is no event.</summary>
    internal static MachineEvent? Of(JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.Object
                && element.TryGetProperty("source", out JsonElement source) && source.ValueKind == JsonValueKind.String
                && element.TryGetProperty("event", out JsonElement name) && name.ValueKind == JsonValueKind.String
                ? new MachineEvent(source.GetString()!, name.GetString()!)
                : null;
        }
        catch (InvalidOperationException)
        {
            // A string that is no text (half a surrogate pair).
            return null;
        }
    }
}
