using System.Text.Json;
using LinuxHost;
using Microsoft.Extensions.Logging;

namespace Qemu;

/// <summary>Remembers the KVM test's outcome across processes, for as long as the host has not changed.</summary>
internal sealed class KvmVerdictFile(string? path, TimeProvider time, ILogger logger)
{
    // A host too busy to run the test guest in time looks like a broken one: such a verdict must not last.
    private static readonly TimeSpan FailureLifetime = TimeSpan.FromHours(1);

    /// <summary>Null when there is none that holds here and now.</summary>
    internal KvmVerdict? Read(string qemuVersion)
    {
        try
        {
            return path is not null && File.Exists(path)
                && JsonSerializer.Deserialize(File.ReadAllText(path), KvmVerdictJson.Default.KvmVerdict) is { } verdict
                && Holds(verdict, qemuVersion) ? verdict : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // A damaged or vanished memory is no memory; the test runs again and replaces it.
            return null;
        }
    }

    /// <summary>Makes a verdict about this host and writes it down.</summary>
    internal KvmVerdict Record(string qemuVersion, string? failure)
    {
        var verdict = new KvmVerdict
        {
            BootId = ProcessTable.BootId,
            QemuVersion = qemuVersion,
            Modules = LoadedModules(),
            Guest = KvmTestGuest.Name,
            TestedAt = time.GetUtcNow(),
            Failure = failure,
        };
        if (path is not null)
        {
            Write(path, verdict);
        }
        return verdict;
    }

    private bool Holds(KvmVerdict verdict, string qemuVersion) =>
        verdict.BootId == ProcessTable.BootId
        && verdict.QemuVersion == qemuVersion
        && verdict.Modules == LoadedModules()
        && verdict.Guest == KvmTestGuest.Name
        && (verdict.Failure is null || time.GetUtcNow() - verdict.TestedAt < FailureLifetime);

    private void Write(string target, KvmVerdict verdict)
    {
        try
        {
            AtomicFile.Write(target, JsonSerializer.Serialize(verdict, KvmVerdictJson.Default.KvmVerdict));
        }
        catch (HostResourceException e)
        {
            logger.ProbeNotRemembered(target, e.Message);
        }
    }

    private static string LoadedModules() =>
        string.Join(' ', Directory.EnumerateDirectories("/sys/module", "kvm*").Select(Path.GetFileName).Order(StringComparer.Ordinal));
}
