using LinuxHost;
using MachineFixtures;
using Microsoft.Win32.SafeHandles;
using VmmProcess;

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
    internal static Task<StartedProcess> StartAsync(TestDirectory directory, IReadOnlyList<string> arguments)
    {
        using ControlSocket control = ControlSocket.Open(directory[MachineFiles.Socket]);
        ChildProcess child = Spawn.Start(Request(directory, arguments) with
        {
            InheritedDescriptors = new Dictionary<int, SafeFileHandle> { [ProcessLaunch.ControlDescriptor] = control.Listener },
        });
        return Task.FromResult(new StartedProcess(child, control.Client));
    }

    // shared/Microsoft.NETCore.App/<version>/ is three levels below the root.
    private static string RuntimeRoot() =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
}
