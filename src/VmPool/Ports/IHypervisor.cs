using LinuxHost;

namespace VmPool.Ports;

/// <summary>An external program that runs virtual machines. Callers ask what it can do, never which one it is.</summary>
public interface IHypervisor
{
    /// <summary>Short name for logs and status: qemu, cloud-hypervisor, simulated.</summary>
    string Name { get; }

    /// <summary>
    /// Finds out what this host's installation can do (binary, version, accelerator). The first call may take a few
    /// seconds, because an accelerator is proven by running a guest; later calls answer from memory, until the program is
    /// another one: an upgrade counts at once.
    /// </summary>
    /// <exception cref="HostRequirementException">Something is missing; says what and how to get it.</exception>
    Task<HypervisorCapabilities> ProbeAsync(CancellationToken cancellationToken);

    /// <summary>Starts a virtual machine from its disks. Returns once the guest's CPUs run; throws having left nothing behind.</summary>
    /// <exception cref="HypervisorException">The program failed; carries its exit code and last output.</exception>
    Task<IVirtualMachine> BootAsync(BootRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Boots a machine that can be saved as a template: its memory lies in <paramref name="directory"/>, which exists, is
    /// empty and belongs to the driver from now on. The machine runs when this returns.
    /// </summary>
    /// <exception cref="HypervisorException">The program failed; carries its exit code and last output.</exception>
    Task<IVirtualMachine> StartTemplateAsync(BootRequest request, string directory, CancellationToken cancellationToken);

    /// <summary>
    /// Stops the guest of a machine of <see cref="StartTemplateAsync"/> between two instructions, writes its devices' state
    /// beside its memory, and ends the machine. Afterwards nobody but root can write the files in the directory.
    /// </summary>
    /// <exception cref="HypervisorException">The state could not be saved; the machine is still to be stopped.</exception>
    Task SaveTemplateAsync(IVirtualMachine machine, string directory, CancellationToken cancellationToken);

    /// <summary>Makes a saved template ready for clones: whatever can be done once instead of for each clone.</summary>
    /// <exception cref="HypervisorException">Its files are missing or cannot be used by this host's hypervisor.</exception>
    Task<IMachineTemplate> OpenTemplateAsync(string directory, CancellationToken cancellationToken);

    /// <summary>Whether <see cref="AdoptAsync"/> takes over what the hypervisor of this name has started; its own at least.</summary>
    bool CanAdopt(string hypervisor) => hypervisor == Name;

    /// <summary>Takes a virtual machine over that an earlier process of ours started; the caller has proven that the process is ours.</summary>
    /// <returns>Absent when the process no longer lives.</returns>
    Task<IVirtualMachine?> AdoptAsync(ProcessIdentity process, string directory, CancellationToken cancellationToken);
}

/// <summary>What a hypervisor on this host can do.</summary>
/// <param name="Version">As the program reports it, for example 7.2.22.</param>
/// <param name="Accelerator">kvm, tcg or none (simulated).</param>
/// <param name="IsEmulated">Guests run many times slower than the host; default deadlines are doubled.</param>
/// <param name="Warning">One sentence for the operator, for example why kvm is not used.</param>
/// <param name="TemplateKey">
/// Everything of this hypervisor and host that a saved template depends on, in one line (version, machine type, CPU model,
/// accelerator): a template is usable only where it is the same. Absent when this hypervisor cannot make clones here;
/// <paramref name="Warning"/> then says why.
/// </param>
public sealed record HypervisorCapabilities(
    string Version, string Accelerator, bool IsEmulated, string? Warning = null, string? TemplateKey = null)
{
    /// <summary>Formats of writable disks that it can run, the best first: qcow2 (over another file), raw (a copy that shares its blocks) or both.</summary>
    public IReadOnlyList<string> DiskFormats { get; init; } = ["qcow2", "raw"];
}

/// <summary>A saved template that is ready for clones. Disposing gives back what it holds; clones live on.</summary>
public interface IMachineTemplate : IDisposable
{
    /// <summary>
    /// Starts a machine that goes on where the template stopped, with the same devices, CPUs and memory. Returns once its
    /// CPUs run; throws having left nothing behind. Can be called many times at once.
    /// </summary>
    /// <exception cref="HypervisorException">The program failed; carries its exit code and last output.</exception>
    Task<IVirtualMachine> CloneAsync(MachineRequest request, CancellationToken cancellationToken);
}

/// <summary>One running virtual machine's process.</summary>
public interface IVirtualMachine
{
    /// <summary>The hypervisor's process.</summary>
    ProcessIdentity Process { get; }

    /// <summary>Completes when the process has ended, for whatever reason; never faults.</summary>
    Task<VmExit> Exited { get; }

    /// <summary>Tail of the hypervisor's own output and of the guest's serial console; empty when there is none.</summary>
    string ReadLastOutput();

    /// <summary>
    /// Whether the machine can go on: its process lives and the control channel answers. Milliseconds, at most about one
    /// second. A live process whose control channel is merely slow (no answer within that second, as on a loaded host) still
    /// counts as alive, until no check has been answered for 30 s, counted from the first unanswered one. False at once when
    /// the process has ended, nobody serves the control channel, or its answer is an error, nonsense or a stopped guest.
    /// </summary>
    Task<bool> IsAliveAsync(CancellationToken cancellationToken);

    /// <summary>Ends the machine without asking the guest, and waits until the process is gone. Idempotent.</summary>
    Task StopAsync(CancellationToken cancellationToken);
}

/// <summary>How a virtual machine's process ended.</summary>
/// <param name="ExitCode">Absent for an adopted process, whose code only its parent can read.</param>
/// <param name="LastOutput">Tail of the hypervisor's own output and of the guest's serial console.</param>
public sealed record VmExit(int? ExitCode, string LastOutput);
