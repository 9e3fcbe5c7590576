using LinuxHost;
using Microsoft.Win32.SafeHandles;

namespace Qemu.Tests;

/// <summary>How the stand-in is started and found again.</summary>
internal static class StubProcess
{
    internal static SpawnRequest Request(TestDirectory directory, IReadOnlyList<string> arguments) => new()
    {
        Program = Path.Combine(AppContext.BaseDirectory, "StubHypervisor"),
        Arguments = arguments,
        OutputPath = directory[MachineFiles.ProcessLog],
        Environment = new Dictionary<string, string> { ["DOTNET_ROOT"] = RuntimeRoot() },
    };

    /// <summary>Starts it with a control socket, as QEMU is started.</summary>
    internal static Task<StartedQemu> StartAsync(TestDirectory directory, IReadOnlyList<string> arguments)
    {
        using ControlSocket control = ControlSocket.Open(directory[MachineFiles.Socket]);
        ChildProcess child = Spawn.Start(Request(directory, arguments) with
        {
            InheritedDescriptors = new Dictionary<int, SafeFileHandle> { [MachineDescriptors.Control] = control.Listener },
        });
        return Task.FromResult(new StartedQemu(child, control.Client));
    }

    /// <summary>Pids of living processes whose standard error is a file below the directory.</summary>
    internal static IReadOnlyList<int> FindIn(TestDirectory directory) =>
        [.. ProcessTable.Pids().Where(pid => OutputOf(pid)?.StartsWith(directory.Path + "/", StringComparison.Ordinal) == true)];

    private static string? OutputOf(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/fd/2").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile.
            return null;
        }
    }

    // shared/Microsoft.NETCore.App/<version>/ is three levels below the root.
    private static string RuntimeRoot() =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
}
