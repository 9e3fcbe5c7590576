using System.Security.Cryptography;
using System.Text;
using LinuxHost;
using Qemu.Tests;

namespace CloudHypervisorStandIn.Tests;

/// <summary>The files of a small machine and its configuration, with its memory in one shared file.</summary>
internal sealed class TestVm
{
    private const int MemoryBytes = 64 << 20;
    private const int DiskBytes = 1 << 20;
    private const int NumberLength = 8;

    private readonly TestDirectory _directory;

    public TestVm(TestDirectory directory, byte[]? kernel = null)
    {
        _directory = directory;
        File.WriteAllBytes(directory["kernel"], kernel ?? TestGuest.Counting());
        Resize(Ram, MemoryBytes);
        Resize(Disk, DiskBytes);
    }

    public string Ram => _directory["ram"];

    public string Disk => _directory["root.raw"];

    public string Serial => _directory["serial.log"];

    /// <summary>The body of vm.create; more devices may be added behind it.</summary>
    public string Config(string more = "") => $$"""
        {"payload":{"kernel":"{{_directory["kernel"]}}","cmdline":"quiet"},
         "memory":{"size":0,"zones":[{"id":"mem0","size":{{MemoryBytes}},"file":"{{Ram}}","shared":true}]},
         "disks":[{"id":"root","path":"{{Disk}}","image_type":"Raw","serial":"root"}],
         "serial":{"mode":"File","file":"{{Serial}}"},"console":{"mode":"Off"}{{more}}}
        """.ReplaceLineEndings("");

    /// <summary>Makes a qcow2 disk that names what it builds on relative to itself.</summary>
    public async Task OverlayAsync(string name, string over, string format) => await HostCommand.RunAsync(
        "qemu-img", ["create", "-q", "-f", "qcow2", "-F", format, "-b", over, _directory[name]], null, CancellationToken.None);

    /// <summary>What identifies the memory's content.</summary>
    public string HashOfRam() => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Ram)));

    /// <summary>The whole numbers that a counting guest has said.</summary>
    public static IReadOnlyList<uint> Numbers(string serial) =>
        [.. ReadShared(serial).Split('\n').SkipLast(1).Where(line => line.Length == NumberLength).Select(TestGuest.Number)];

    public static void Resize(string path, long bytes)
    {
        using FileStream file = File.OpenWrite(path);
        file.SetLength(bytes);
    }

    public static string ReadShared(string path)
    {
        if (!File.Exists(path))
        {
            return "";
        }
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file, Encoding.ASCII);
        return reader.ReadToEnd();
    }

    /// <summary>All processes, of whatever parent, whose command line names the machine's memory.</summary>
    public IReadOnlyList<string> FindProcesses() =>
        [.. Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])).Select(ReadCommandLine)
            .Where(line => line.Contains(_directory.Path, StringComparison.Ordinal) && line.Contains("qemu-system", StringComparison.Ordinal))];

    private static string ReadCommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
