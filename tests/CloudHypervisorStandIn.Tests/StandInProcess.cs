using System.Globalization;
using System.Net.Sockets;
using LinuxHost;
using Microsoft.Win32.SafeHandles;

namespace CloudHypervisorStandIn.Tests;

/// <summary>The stand-in as a process, with its files in a directory of its own.</summary>
internal sealed class StandInProcess : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly ChildProcess _process;
    private readonly string _output;

    private StandInProcess(ChildProcess process, string output, string socket)
    {
        _process = process;
        _output = output;
        Socket = socket;
    }

    /// <summary>Its API socket.</summary>
    public string Socket { get; }

    public int Pid => _process.Identity.Pid;

    /// <summary>What it wrote to standard output and standard error.</summary>
    public string Output => File.ReadAllText(_output);

    /// <summary>The QEMU processes that belong to it.</summary>
    public IReadOnlyList<int> Guests =>
        [.. Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), out int pid) ? pid : 0)
            .Where(pid => pid > 0 && ParentOf(pid) == Pid)];

    /// <summary>Starts it with these arguments alone.</summary>
    public static StandInProcess Start(TestDirectory directory, string name, IReadOnlyList<string> arguments, string version = "v53.0",
        IReadOnlyDictionary<int, SafeFileHandle>? descriptors = null, string? program = null)
    {
        string output = directory[$"{name}.out"];
        ChildProcess process = Spawn.Start(new SpawnRequest
        {
            Program = program ?? Path.Combine(AppContext.BaseDirectory, "cloud-hypervisor"),
            Arguments = arguments,
            OutputPath = output,
            Environment = new Dictionary<string, string> { ["STANDIN_VERSION"] = version },
            InheritedDescriptors = descriptors ?? new Dictionary<int, SafeFileHandle>(),
        });
        return new StandInProcess(process, output, directory[$"{name}.sock"]);
    }

    /// <summary>Starts it with an API socket and events, and waits until it serves.</summary>
    public static async Task<StandInProcess> ServeAsync(TestDirectory directory, string name, string version = "v53.0")
    {
        StandInProcess process = Start(
            directory, name, ["--api-socket", $"path={directory[$"{name}.sock"]}", "--event-monitor", $"path={directory[$"{name}.events"]}"], version);
        try
        {
            await process.WaitForSocketAsync();
            return process;
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    /// <summary>Starts it so, and the machine in it.</summary>
    public static async Task<StandInProcess> BootAsync(TestDirectory directory, string name, TestVm vm)
    {
        StandInProcess process = await ServeAsync(directory, name);
        try
        {
            await process.RequireAsync("vm.create", vm.Config());
            await process.RequireAsync("vm.boot");
            return process;
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    /// <summary>Waits until it takes connections.</summary>
    public Task WaitForSocketAsync() => Eventually.TrueAsync(async () =>
    {
        Assert.False(_process.Exited.IsCompleted, Output);
        try
        {
            using RawClient client = await RawClient.ConnectAsync(Socket);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }, "the API socket takes connections");

    /// <summary>One call on a connection of its own.</summary>
    public async Task<string> CallAsync(string method, string call, string? body = null)
    {
        using RawClient client = await RawClient.ConnectAsync(Socket);
        return await client.CallAsync(method, $"/api/v1/{call}", body);
    }

    /// <summary>One call that must be answered with 204.</summary>
    public async Task RequireAsync(string call, string? body = null)
    {
        string answer = await CallAsync("PUT", call, body);
        Assert.True(answer.StartsWith("HTTP/1.1 204 ", StringComparison.Ordinal), $"{call} is answered with {answer}");
    }

    public void Signal(int signal) => _process.Signal(signal);

    public async Task<int?> WaitForExitAsync() => await _process.Exited.WaitAsync(Deadline);

    public void Dispose()
    {
        _process.Kill();
        _process.Exited.Wait(Deadline);
    }

    private static int ParentOf(int pid)
    {
        try
        {
            string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
