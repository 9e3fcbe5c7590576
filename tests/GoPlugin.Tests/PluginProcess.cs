using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace GoPlugin.Tests;

/// <summary>The test plugin as a process of its own, launched as a host would.</summary>
internal sealed partial class PluginProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private PluginProcess(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, e) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(e.Data);
            }
        };
        process.BeginErrorReadLine();
    }

    public static string Executable => Path.Combine(AppContext.BaseDirectory, "GoPlugin.TestPlugin");

    /// <summary>The process started, which is the plugin unless a wrapper was named.</summary>
    public int Pid => _process.Id;

    public StreamReader Output => _process.StandardOutput;

    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    public static PluginProcess Start(IEnumerable<(string Name, string Value)> environment, params string[] wrapper)
    {
        string[] command = [.. wrapper, Executable];
        // Whoever runs the tests may ignore signals (nohup, some CI runners), and a child inherits that.
        var start = new ProcessStartInfo("env", ["--default-signal=HUP,INT,QUIT,TERM", .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("PLUGIN_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

#pragma warning disable RS0030 // Tests of a project that knows nothing of ours start processes themselves.
        return new PluginProcess(Process.Start(start)!);
#pragma warning restore RS0030
    }

    /// <summary>The handshake's fields.</summary>
    public async Task<string[]> HandshakeAsync()
    {
        var line = await Output.ReadLineAsync().WaitAsync(Deadline.Generous);
        Assert.False(string.IsNullOrEmpty(line), $"no handshake; stderr: {Errors}");
        return line.Split('|');
    }

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Deadline.Generous);
        return _process.ExitCode;
    }

    public static void Signal(int pid, int signal) => Assert.Equal(0, Kill(pid, signal));

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
