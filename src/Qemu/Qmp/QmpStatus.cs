using System.Text.Json;

namespace Qemu;

/// <summary>
/// Reads the "status" of what QEMU says (docs/interop/qemu-qmp-ref of QEMU): in the answer of query-status it names the
/// run state, in a MIGRATION event how far the saving or loading of a machine is.
/// </summary>
internal static class QmpStatus
{
    /// <summary>For example running or completed; null when there is none, as a taken-over QEMU may send.</summary>
    internal static string? Read(JsonElement answer)
    {
        try
        {
            return answer.GetProperty("status").GetString();
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException)
        {
            // No object, no status, no text or no valid Unicode: it names no status.
            return null;
        }
    }
}
