using System.Globalization;
using LinuxHost;
using VmmProcess;

namespace Qemu;

/// <summary>
/// Runs <see cref="KvmTestGuest"/> with the very processor and machine that real guests get. That /dev/kvm can be opened
/// proves nothing: there are hosts (nested, or with a software KVM) where QEMU then aborts or the guest hangs for ever.
/// </summary>
internal sealed class KvmTest(string program, TimeSpan deadline)
{
    private const int TimedOut = 137;
    // For the kernel's part of ending QEMU, and for `timeout` itself.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);

    /// <summary>Why the guest did not run; null when it did.</summary>
    internal async Task<string?> RunAsync(string accelerator, CancellationToken cancellationToken)
    {
        try
        {
            using MemoryFile guest = MemoryFile.Create("kvm-test-guest", KvmTestGuest.Image);
            HostCommandResult result = await HostCommand.RunAsync("timeout", Arguments(guest.Path, accelerator), new HostCommandOptions
            {
                Timeout = deadline + Slack,
                AcceptedExitCodes = [.. Enumerable.Range(0, 256)],
            }, cancellationToken);
            return Judge(result);
        }
        catch (Exception e) when (e is HostCommandException or IOException)
        {
            return e.Message;
        }
    }

    // `timeout` ends a hung QEMU even when this process is killed meanwhile. No core file: QEMU aborts on some hosts.
    private string[] Arguments(string guest, string accelerator) =>
    [
        "--signal=KILL", deadline.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture),
        "prlimit", "--core=0",
        program,
        .. QemuArguments.Platform(accelerator),
        "-display", "none", "-m", "32M", "-no-reboot",
        "-sandbox", QemuArguments.Sandbox,
        "-device", KvmTestGuest.ExitDevice,
        "-kernel", guest,
    ];

    private string? Judge(HostCommandResult result)
    {
        if (result.ExitCode == KvmTestGuest.SuccessCode)
        {
            return null;
        }
        string last = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .FirstOrDefault(line => !line.Contains("warning:", StringComparison.Ordinal)) ?? "no message";
        return result.ExitCode == TimedOut
            ? string.Create(CultureInfo.InvariantCulture, $"a test guest made no progress within {deadline.TotalSeconds:0.#} s")
            : string.Create(CultureInfo.InvariantCulture, $"a test guest ended with code {result.ExitCode}: {PrintableText.Clean(last)}");
    }
}
