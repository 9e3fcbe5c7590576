using System.Text.Json;

namespace Qemu;

/// <summary>Reads the answer of query-status (docs/interop/qemu-qmp-ref of QEMU): an object whose "status" names the run state.</summary>
internal static class QmpRunState
{
    /// <summary>For example running or io-error; null when the answer is anything else, as a taken-over QEMU may send.</summary>
    internal static string? Read(JsonElement answer)
    {
        try
        {
            return answer.GetProperty("status").GetString();
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException)
        {
            // No object, no status, no text or no valid Unicode: it names no run state.
            return null;
        }
    }
}
