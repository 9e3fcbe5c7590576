using System.Text.Json;
using LinuxHost;
using MachineFixtures;
using Microsoft.Extensions.Logging.Abstractions;
using VmmProcess;
using VmPool.Ports;

namespace CloudHypervisor.Tests;

/// <summary>
/// Everything that machines need, laid out as in production: image and templates below directories that only root may enter,
/// machines with directories and users of their own, in slots. The hypervisor is a stand-in.
/// </summary>
internal sealed class TestPool : IAsyncDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly TestDirectory _root = new();
    private readonly List<TestSlot> _slots = [];

    public TestPool(TimeSpan? startDeadline = null, string version = "cloud-hypervisor v53.0")
    {
        Program = StubProgram.Install(_root, version);
        var settings = new CloudHypervisorSettings { Program = Program, StartDeadline = startDeadline ?? TimeSpan.FromSeconds(60) };
        Hypervisor = new CloudHypervisorDriver(settings, TimeProvider.System, NullLogger<CloudHypervisorDriver>.Instance);
        Directory.CreateDirectory(_root["private"], Private);
        TemplateDirectory = Directory.CreateDirectory(_root["private/template"], Private).FullName;
        foreach (string name in new[] { "kernel", "initrd" })
        {
            File.WriteAllText(_root[$"private/{name}"], name);
            File.SetUnixFileMode(_root[$"private/{name}"], Readable);
        }
    }

    public CloudHypervisorDriver Hypervisor { get; }

    public string Program { get; }

    /// <summary>Empty until a template is started.</summary>
    public string TemplateDirectory { get; }

    /// <summary>A machine with a slot, a directory and disks.</summary>
    public async Task<BootRequest> PrepareAsync(string instanceId)
    {
        TestSlot slot = await TestSlot.CreateAsync();
        _slots.Add(slot);
        // Longer than a socket address can hold.
        string directory = Path.Combine(_root["private"], new string('d', 100), instanceId);
        Directory.CreateDirectory(directory, Private);
        string disk = Path.Combine(directory, "disk.raw");
        string seed = _root["private/seed.iso"];
        await RunAsync("truncate", "-s", "8M", disk);
        await RunAsync("truncate", "-s", "64K", seed);
        File.SetUnixFileMode(seed, Readable);
        await RunAsync("chown", "-R", $"{TestSlot.UserId}:{TestSlot.UserId}", directory);
        return new BootRequest
        {
            InstanceId = instanceId,
            Directory = directory,
            NetworkNamespace = slot.Name,
            Mtu = 1500,
            UserId = TestSlot.UserId,
            Disks = [new VmDisk(disk, "raw", ReadOnly: false), new VmDisk(seed, "raw", ReadOnly: true)],
            KernelPath = _root["private/kernel"],
            InitrdPath = _root["private/initrd"],
            KernelCommandLine = "quiet",
            Cpus = 2,
            MemoryMb = 64,
        };
    }

    /// <summary>The same with an overlay in the place of the raw disk.</summary>
    /// <param name="instanceId">Of the machine.</param>
    /// <param name="create">Makes the overlay, and what it builds on, in the machine's directory.</param>
    public async Task<BootRequest> PrepareAsync(string instanceId, Func<string, Task<VmDisk>> create)
    {
        BootRequest request = await PrepareAsync(instanceId);
        VmDisk overlay = await create(request.Directory);
        await RunAsync("chown", $"{TestSlot.UserId}:{TestSlot.UserId}", overlay.Path);
        return request with { Disks = [overlay, request.Disks[1]] };
    }

    /// <summary>Starts a template, saves it and opens it.</summary>
    public async Task<IMachineTemplate> CreateTemplateAsync() => await CreateTemplateAsync(await PrepareAsync("template-1"));

    /// <summary>Starts a template, saves it and opens it.</summary>
    public async Task<IMachineTemplate> CreateTemplateAsync(BootRequest request)
    {
        IVirtualMachine machine = await Hypervisor.StartTemplateAsync(request, TemplateDirectory, CancellationToken.None);
        await Hypervisor.SaveTemplateAsync(machine, TemplateDirectory, CancellationToken.None);
        return await Hypervisor.OpenTemplateAsync(TemplateDirectory, CancellationToken.None);
    }

    /// <summary>Lets the machine's hypervisor misbehave at its start or at a call.</summary>
    public static void Spoil(MachineRequest request, string at, object fault) =>
        File.WriteAllText(Path.Combine(request.Directory, "faults.json"), JsonSerializer.Serialize(new Dictionary<string, object> { [at] = fault }));

    /// <summary>What the machine's hypervisor was started with and asked, in order.</summary>
    public static string[] Calls(MachineRequest request) =>
        [.. File.ReadAllLines(Path.Combine(request.Directory, "calls")).Where(line => !line.StartsWith('#'))];

    /// <summary>The processes in a slot.</summary>
    public static IReadOnlyList<ProcessIdentity> Processes(string slot) =>
        ProcessTable.FindInNetworkNamespace(NetworkNamespace.InodeOf(slot)!.Value);

    /// <summary>What the process has printed, and the guest on its serial console.</summary>
    public static string Console(MachineRequest request) => File.ReadAllText(Path.Combine(request.Directory, ConsoleFiles.Serial));

    public async ValueTask DisposeAsync()
    {
        foreach (TestSlot slot in _slots)
        {
            foreach (ProcessIdentity left in Processes(slot.Name))
            {
                ChildProcess.Watch(left)?.Kill();
            }
            await slot.DisposeAsync();
        }
        _root.Dispose();
    }

    private static async Task RunAsync(string program, params string[] arguments) =>
        await HostCommand.RunAsync(program, arguments, null, CancellationToken.None);
}
