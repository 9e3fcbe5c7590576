using System.Text.Json;
using VmPool;

namespace Qemu;

/// <summary>
/// How QEMU reports the saving or loading of a machine (docs/interop/qemu-qmp-ref of QEMU): MIGRATION events, once they
/// have been asked for. The guest's memory takes no part in it: it is a file that template and clones map.
/// </summary>
internal static class MigrationEvent
{
    /// <summary>For `migrate-set-capabilities`, on both sides.</summary>
    internal static void WriteCapabilities(Utf8JsonWriter json)
    {
        json.WriteStartArray("capabilities");
        foreach (string capability in new[] { "events", "x-ignore-shared" })
        {
            json.WriteStartObject();
            json.WriteString("capability", capability);
            json.WriteBoolean("state", true);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>Whether nothing more will come.</summary>
    internal static bool IsLast(QmpEvent happened) =>
        happened.Name == "MIGRATION" && QmpStatus.Read(happened.Data) is "completed" or "failed" or "cancelled";

    /// <exception cref="HypervisorException">It ended otherwise than it should.</exception>
    internal static void RequireCompleted(JsonElement data)
    {
        if (QmpStatus.Read(data) is var status and not "completed")
        {
            throw new HypervisorException($"the transfer of its state ended as \"{status}\"");
        }
    }
}
