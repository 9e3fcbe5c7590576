using System.Globalization;
using System.Text;
using LinuxHost;
using Microsoft.Win32.SafeHandles;
using VmmProcess;
using VmPool;

namespace CloudHypervisor;

/// <summary>
/// Starts Cloud Hypervisor once without a machine and asks whether it is there: it opens the host's virtualization at its
/// start, and says in its own words when it cannot. That guests run is proven by the first template's trial.
/// </summary>
/// <param name="program">Name or path of the program.</param>
/// <param name="time">For the deadline.</param>
/// <param name="directory">Where a socket and an output file are made, which lose their names before the program starts.</param>
internal sealed class ProgramTest(string program, TimeProvider time, string directory = "/run")
{
    private const string OutputName = "output";
    private const string SocketName = "api.sock";
    private const int OutputLines = 4;
    private const int OutputBytes = 960;
    private const int Terminate = 15;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /// <summary>Why it cannot be used; absent when it answers.</summary>
    /// <exception cref="HostResourceException">It could not be tried (a full disk, for example), which says nothing about the program.</exception>
    internal async Task<string?> RunAsync()
    {
        (ControlSocket control, SafeFileHandle output) = Prepare();
        using (output)
        {
            try
            {
                return await RunAsync(control, output);
            }
            catch (HostResourceException e)
            {
                return e.Message;
            }
        }
    }

    private async Task<string?> RunAsync(ControlSocket control, SafeFileHandle output)
    {
        (ChildProcess child, Stream connection) = Start(control, output);
        using var clock = new CancellationTokenSource(Deadline, time);
        using var api = new ApiClient("the test", connection, _ => throw new IOException("it has ended"));
        try
        {
            await api.GetAsync("vmm.ping", ApiJson.Default.PingAnswer, clock.Token);
            return null;
        }
        catch (Exception e) when (e is HypervisorException or ApiException or OperationCanceledException)
        {
            string said = Tail(output);
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

    // Only the descriptors count: whoever is killed during the test leaves nothing that somebody would have to find.
    private (ControlSocket Control, SafeFileHandle Output) Prepare()
    {
        string own = TemporaryName.For(Path.Combine(directory, "vmpool-cloud-hypervisor"));
        SafeFileHandle? output = null;
        try
        {
            PrivateDirectory.Ensure(own);
            output = File.OpenHandle(Path.Combine(own, OutputName), FileMode.CreateNew, FileAccess.ReadWrite);
            return (ControlSocket.Open(Path.Combine(own, SocketName)), output);
        }
        catch (Exception e) when (e is HostResourceException or IOException or UnauthorizedAccessException)
        {
            output?.Dispose();
            throw new HostResourceException($"cannot try whether {program} works here: {e.Message}", e);
        }
        finally
        {
            if (Directory.Exists(own))
            {
                Directory.Delete(own, recursive: true);
            }
        }
    }

    private static string Tail(SafeFileHandle output)
    {
        byte[] buffer = new byte[Math.Min(RandomAccess.GetLength(output), OutputBytes)];
        int read = RandomAccess.Read(output, buffer, RandomAccess.GetLength(output) - buffer.Length);
        string[] lines = PrintableText.Clean(Encoding.UTF8.GetString(buffer, 0, read))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return string.Join(" | ", lines.TakeLast(OutputLines));
    }

    // `timeout` ends it even when this process is killed meanwhile.
    private StartedProcess Start(ControlSocket socket, SafeFileHandle output)
    {
        using ControlSocket control = socket;
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
                OutputPath = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{(int)output.DangerousGetHandle()}"),
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
