using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LinuxHost;
using VmPool.Images;

namespace VmPool.Tests.Images.Guest;

/// <summary>
/// The agent's own program under this machine's Python: it works in a directory instead of a guest's root, listens on the
/// loopback interface, and records what it would have asked of kernel and services. Files are given to other users, so root runs this.
/// </summary>
internal sealed class AgentProcess : IAsyncDisposable
{
    public const string OldMachineId = "0123456789abcdef0123456789abcdef";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("vmpool-agent-");
    private readonly CancellationTokenSource _ended = new();
    private Task _running = Task.CompletedTask;

    private AgentProcess()
    {
        foreach (string directory in new[] { "etc/ssh", "var/tmp", "run/log/journal/" + OldMachineId, "var/log" })
        {
            Directory.CreateDirectory(InRoot(directory));
        }
        File.WriteAllText(InRoot("etc/machine-id"), OldMachineId + "\n");
        File.WriteAllText(InRoot("etc/hostname"), "a-name-that-is-longer-than-the-new-one\n");
        File.WriteAllText(InRoot($"run/log/journal/{OldMachineId}/system.journal"), "");
    }

    public int Port { get; private set; }

    public IReadOnlyList<string> Record => File.ReadAllLines(Path.Combine(_directory.FullName, "record"));

    public string InRoot(string path) => Path.Combine(_directory.FullName, "root", path);

    /// <summary>Starts it and waits until it says that it is ready.</summary>
    /// <param name="peer">Who may call.</param>
    /// <param name="prepare">Changes the root before the start.</param>
    public static async Task<AgentProcess> StartAsync(string peer = "127.0.0.1", Action<AgentProcess>? prepare = null)
    {
        Assert.True(Environment.IsPrivilegedProcess, "the agent gives files to other users: run this test as root");
        var agent = new AgentProcess();
        prepare?.Invoke(agent);
        await agent.StartAsync(peer, Path.Combine(agent._directory.FullName, "notify"));
        return agent;
    }

    /// <summary>Every file and link below the root with its content.</summary>
    public string Tree()
    {
        string root = InRoot("");
        return string.Join('\n', Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(path =>
            $"{path[root.Length..]} {File.GetUnixFileMode(path)} {(File.Exists(path) ? File.ReadAllText(path) : new FileInfo(path).LinkTarget)}"));
    }

    /// <summary>Says something from an address and returns the answer, empty when the connection was closed without one.</summary>
    public async Task<string> SayAsync(string words, string from = "127.0.0.1")
    {
        using var patience = new CancellationTokenSource(Patience);
        using Socket socket = await ConnectAsync(from);
        var answer = new StringBuilder();
        try
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(words), patience.Token);
            byte[] buffer = new byte[4096];
            while (await socket.ReceiveAsync(buffer, patience.Token) is var read and > 0)
            {
                answer.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }
        }
        catch (SocketException)
        {
            // Closed before it has read our words: no more answer than what has come.
        }
        return answer.ToString();
    }

    public async Task<Socket> ConnectAsync(string from = "127.0.0.1")
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await socket.ConnectAsync(IPAddress.Loopback, Port);
        return socket;
    }

    public async Task WaitForRecordAsync(string line)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!Record.Contains(line))
        {
            await Task.Delay(20, patience.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ended.Dispose();
        _directory.Delete(recursive: true);
    }

    private async Task StartAsync(string peer, string notify)
    {
        foreach (GuestFile file in TemplateFiles.RootFileSystem)
        {
            File.WriteAllText(Path.Combine(_directory.FullName, Path.GetFileName(file.Path)), file.Content);
        }
        using var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(notify));
        string[] arguments =
        [
            "-I", "-S", Path.Combine(_directory.FullName, "agent.py"), "--root", InRoot("").TrimEnd('/'),
            "--listen", "127.0.0.1:0", "--peer", peer, "--record", Path.Combine(_directory.FullName, "record"),
        ];
        _running = HostCommand.RunAsync("python3", arguments,
            new HostCommandOptions { Timeout = TimeSpan.FromMinutes(5), Environment = new Dictionary<string, string> { ["NOTIFY_SOCKET"] = notify } },
            _ended.Token);
        byte[] state = new byte[1024];
        Task<int> ready = systemd.ReceiveAsync(state, _ended.Token).AsTask();
        // Its own error comes first when it cannot start.
        await await Task.WhenAny(ready.WaitAsync(Patience), _running);
        string text = Encoding.UTF8.GetString(state, 0, await ready);
        Assert.StartsWith("READY=1\n", text, StringComparison.Ordinal);
        Port = int.Parse(text.Split(' ')[^1], CultureInfo.InvariantCulture);
    }
}
