using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool;

namespace Qemu;

/// <summary>Decides between kvm and tcg by running a guest, not by looking at a device node.</summary>
/// <param name="settings">What is configured.</param>
/// <param name="time">Of the verdict.</param>
/// <param name="logger">Says what could not be remembered.</param>
/// <param name="device">Without this file no guest is tried.</param>
internal sealed class AcceleratorProbe(QemuSettings settings, TimeProvider time, ILogger logger, string device = KvmDevice.Path)
{
    private readonly KvmVerdictFile _memory = new(settings.ProbeCachePath, time, logger);
    private readonly KvmTest _test = new(settings.Program, settings.ProbeDeadline);

    /// <exception cref="HostRequirementException">kvm is configured and cannot be used.</exception>
    internal async Task<AcceleratorChoice> ChooseAsync(string qemuVersion, CancellationToken cancellationToken)
    {
        if (settings.Accelerator == "tcg")
        {
            return new AcceleratorChoice("tcg", null);
        }
        string? failure = await FindFailureAsync(qemuVersion, cancellationToken);
        if (failure is null)
        {
            return new AcceleratorChoice("kvm", null);
        }
        if (settings.Accelerator == "kvm")
        {
            throw new HostRequirementException(
                $"accel = \"kvm\" is configured, but KVM cannot be used on this host: {failure}. Check the processor's virtualization setting and the kvm modules, or set accel = \"auto\"");
        }
        return new AcceleratorChoice("tcg",
            $"KVM cannot be used on this host: {failure}. Guests run on QEMU's software emulation (tcg), many times slower; set accel = \"tcg\" if that is intended");
    }

    private async Task<string?> FindFailureAsync(string qemuVersion, CancellationToken cancellationToken)
    {
        if (!File.Exists(device))
        {
            return $"{device} does not exist (no kvm module is loaded, or the processor's virtualization is off)";
        }
        KvmVerdict verdict = _memory.Read(qemuVersion) ?? _memory.Record(qemuVersion, await _test.RunAsync("kvm", cancellationToken));
        return verdict.Failure;
    }
}
