using System.Diagnostics;
using System.Security.Cryptography;
using LinuxHost;
using MachineFixtures;
using VmmProcess;
using VmPool.Ports;

namespace Qemu.Tests;

/// <summary>A template made of a counting guest, and the machines that are cloned from it.</summary>
internal sealed class TestTemplate : IAsyncDisposable
{
    private readonly List<TestSlot> _slots = [];
    private readonly TestMachine _machine;

    private TestTemplate(TestMachine machine, string directory)
    {
        _machine = machine;
        Directory = directory;
    }

    /// <summary>Where memory and state lie.</summary>
    public string Directory { get; }

    public QemuHypervisor Hypervisor => _machine.Hypervisor;

    public BootRequest Request => _machine.Request;

    /// <summary>Everything a clone must not change.</summary>
    public IReadOnlyList<string> Files =>
        [Path.Combine(Directory, TemplateFiles.Memory), Path.Combine(Directory, TemplateFiles.State), .. Request.Disks.Select(disk => disk.Path)];

    /// <summary>Starts the template's machine; nothing is saved yet.</summary>
    public static async Task<(TestTemplate Template, IVirtualMachine Machine)> StartAsync(byte[] kernel)
    {
        TestMachine machine = await TestMachine.CreateAsync(kernel);
        var template = new TestTemplate(machine, Path.Combine(machine.ImageDirectory, "template"));
        try
        {
            System.IO.Directory.CreateDirectory(template.Directory);
            return (template, await machine.Hypervisor.StartTemplateAsync(machine.Request, template.Directory, CancellationToken.None));
        }
        catch
        {
            await template.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts, lets the guest count a little, and saves.</summary>
    public static async Task<TestTemplate> CreateAsync(byte[] kernel)
    {
        (TestTemplate template, IVirtualMachine machine) = await StartAsync(kernel);
        try
        {
            await template._machine.WaitForConsoleAsync("\n");
            await template.Hypervisor.SaveTemplateAsync(machine, template.Directory, CancellationToken.None);
            return template;
        }
        catch
        {
            await machine.StopAsync(CancellationToken.None);
            await template.DisposeAsync();
            throw;
        }
    }

    /// <summary>The numbers a machine has said so far; the last may be said in half.</summary>
    public static async Task<uint[]> NumbersAsync(string machineDirectory)
    {
        string path = Path.Combine(machineDirectory, ConsoleFiles.Serial);
        string console = File.Exists(path) ? await File.ReadAllTextAsync(path) : "";
        return [.. console.Split('\n').Where(line => line.Length == 8).Select(TestGuest.Number)];
    }

    /// <summary>Waits until a machine has said so many numbers.</summary>
    public static async Task<uint[]> WaitForNumbersAsync(string machineDirectory, int count)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < TimeSpan.FromSeconds(120))
        {
            uint[] numbers = await NumbersAsync(machineDirectory);
            if (numbers.Length >= count)
            {
                return numbers;
            }
            await Task.Delay(20);
        }
        throw new TimeoutException($"the machine in {machineDirectory} did not say {count} numbers within 120 s");
    }

    /// <summary>A slot, a directory and an overlay for one clone.</summary>
    public async Task<MachineRequest> PrepareCloneAsync(string instanceId)
    {
        TestSlot slot = await TestSlot.CreateAsync();
        _slots.Add(slot);
        string directory = Path.Combine(Path.GetDirectoryName(Request.Directory)!, instanceId);
        System.IO.Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var root = new VmDisk(Path.Combine(directory, "disk.qcow2"), "qcow2", ReadOnly: false);
        await HostCommand.RunAsync("qemu-img", ["create", "-f", "qcow2", "-b", Request.Disks[0].Path, "-F", "qcow2", root.Path], null, CancellationToken.None);
        await HostCommand.RunAsync("chown", ["-R", $"{TestSlot.UserId}:{TestSlot.UserId}", directory], null, CancellationToken.None);
        return Request with { InstanceId = instanceId, Directory = directory, NetworkNamespace = slot.Name, Disks = [root, Request.Disks[1]] };
    }

    public async Task<string[]> ChecksumsAsync()
    {
        var sums = new List<string>();
        foreach (string path in Files)
        {
            await using FileStream file = File.OpenRead(path);
            sums.Add($"{path} {Convert.ToHexString(await SHA256.HashDataAsync(file))}");
        }
        return [.. sums];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TestSlot slot in _slots)
        {
            await slot.DisposeAsync();
        }
        await _machine.DisposeAsync();
    }
}
