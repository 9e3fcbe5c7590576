using System.Globalization;
using LinuxHost;
using Microsoft.Win32.SafeHandles;
using VmmProcess;
using VmPool;

namespace CloudHypervisor;

/// <summary>
/// Starts Cloud Hypervisor once without a machine and asks whether it is there: it opens the host's virtualization at its
/// start, and says in its own words when it cannot. That guests run is proven by the first template's trial.
/// </summary>
internal sealed class ProgramTest(string program, TimeProvider time)
{
    private const string OutputName = "output";
    private const string SocketName = "api.sock";
    private const int OutputLines = 4;
    private const int Terminate = 15;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /// <summary>Why it cannot be used; absent when it answers.</summary>
    internal async Task<string?> RunAsync()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("vmpool-cloud-hypervisor-");
        try
        {
            return await RunAsync(directory.FullName);
        }
        catch (HostResourceException e)
        {
            return e.Message;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private async Task<string?> RunAsync(string directory)
    {
        (ChildProcess child, Stream connection) = Start(directory);
        using var clock = new CancellationTokenSource(Deadline, time);
        using var api = new ApiClient("the test", connection, _ => throw new IOException("it has ended"));
        try
        {
            await api.GetAsync("vmm.ping", ApiJson.Default.PingAnswer, clock.Token);
            return null;
        }
        catch (Exception e) when (e is HypervisorException or ApiException or OperationCanceledException)
        {
            string said = new GuestLog(Path.Combine(directory, OutputName)).Tail(OutputLines).ReplaceLineEndings(" | ");
            string what = e is OperationCanceledException
                ? string.Create(CultureInfo.InvariantCulture, $"it did not answer within {Deadline.TotalSeconds:0} s")
                : e.Message;
            return $"{what}{(said.Length == 0 ? "" : $"; it said: {said}")}{(KvmDevice.Fault() is { } fault ? $"; {fault}" : "")}";
        }
        finally
        {
            child.Signal(Terminate);
            await child.Exited;
        }
    }

    // `timeout` ends it even when this process is killed meanwhile.
    private StartedProcess Start(string directory)
    {
        using ControlSocket control = ControlSocket.Open(Path.Combine(directory, SocketName));
        try
        {
            ChildProcess child = Spawn.Start(new SpawnRequest
            {
                Program = "timeout",
                Arguments =
                [
                    "--kill-after=1", (Deadline + Deadline).TotalSeconds.ToString("0", CultureInfo.InvariantCulture),
                    program, "--api-socket", string.Create(CultureInfo.InvariantCulture, $"fd={ProcessLaunch.ControlDescriptor}"),
                ],
                OutputPath = Path.Combine(directory, OutputName),
                InheritedDescriptors = new Dictionary<int, SafeFileHandle> { [ProcessLaunch.ControlDescriptor] = control.Listener },
            });
            return new StartedProcess(child, control.Client);
        }
        catch
        {
            control.Client.Dispose();
            throw;
        }
    }
}
