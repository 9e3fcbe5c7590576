using System.Diagnostics;
using LinuxHost;
using MachineFixtures;
using Microsoft.Extensions.Logging.Abstractions;
using VmmProcess;
using VmPool.Ports;

namespace Qemu.Tests;

/// <summary>
/// Everything a real machine needs, laid out as in production: the image below a directory only root may enter, the
/// machine's directory with a path longer than a socket address can hold.
/// </summary>
internal sealed class TestMachine : IAsyncDisposable
{
    private readonly TestDirectory _root = new();
    private readonly TestSlot _slot;

    private TestMachine(TestSlot slot)
    {
        _slot = slot;
        Directory = Path.Combine(_root.Path, "groups", new string('d', 100), "ci-1");
        Request = new BootRequest
        {
            InstanceId = "ci-1",
            Directory = Directory,
            NetworkNamespace = slot.Name,
            Mtu = 1500,
            UserId = TestSlot.UserId,
            Disks = [new(Path.Combine(Directory, "disk.qcow2"), "qcow2", ReadOnly: false), new(Path.Combine(Directory, "seed.iso"), "raw", ReadOnly: true)],
            KernelPath = _root["images/kernel"],
            InitrdPath = null,
            KernelCommandLine = "quiet",
            Cpus = 1,
            MemoryMb = 64,
        };
    }

    public string Directory { get; }

    public string SerialLog => Path.Combine(Directory, ConsoleFiles.Serial);

    public string ImageDirectory => _root["images"];

    public BootRequest Request { get; set; }

    public QemuHypervisor Hypervisor { get; } = new(
        new QemuSettings { Accelerator = "tcg", StartDeadline = TimeSpan.FromSeconds(120) }, TimeProvider.System, NullLogger<QemuHypervisor>.Instance);

    public static async Task<TestMachine> CreateAsync(byte[] kernel)
    {
        var machine = new TestMachine(await TestSlot.CreateAsync());
        try
        {
            await machine.WriteFilesAsync(kernel);
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the serial log holds the text.</summary>
    public async Task<string> WaitForConsoleAsync(string text)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < TimeSpan.FromSeconds(120))
        {
            string console = File.Exists(SerialLog) ? await File.ReadAllTextAsync(SerialLog) : "";
            if (console.Contains(text, StringComparison.Ordinal))
            {
                return console;
            }
            await Task.Delay(50);
        }
        throw new TimeoutException($"the guest's console did not show \"{text}\" within 120 s");
    }

    public async ValueTask DisposeAsync()
    {
        await _slot.DisposeAsync();
        _root.Dispose();
    }

    private async Task WriteFilesAsync(byte[] kernel)
    {
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        System.IO.Directory.CreateDirectory(ImageDirectory, Private);
        System.IO.Directory.CreateDirectory(Directory, Private);
        await File.WriteAllBytesAsync(Request.KernelPath, kernel);
        string disk = Path.Combine(ImageDirectory, "disk.raw");
        await RunAsync("truncate", "-s", "8M", disk);
        foreach (string path in new[] { Request.KernelPath, disk })
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
        await RunAsync("qemu-img", "create", "-f", "qcow2", "-b", disk, "-F", "raw", Request.Disks[0].Path);
        await RunAsync("truncate", "-s", "64K", Request.Disks[1].Path);
        await RunAsync("chown", "-R", $"{TestSlot.UserId}:{TestSlot.UserId}", Directory);
    }

    private static async Task RunAsync(string program, params string[] arguments) =>
        await HostCommand.RunAsync(program, arguments, null, CancellationToken.None);
}
