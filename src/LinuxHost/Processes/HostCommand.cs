using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace LinuxHost;

/// <summary>How one short-lived external program is run.</summary>
public sealed record HostCommandOptions
{
    /// <summary>
    /// The program is killed with all its children when it takes longer; a child that still holds its output counts as the
    /// program still running. Default 30 s.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Text for the program's standard input; without it the program reads end of file at once.</summary>
    public string? Input { get; init; }

    /// <summary>Called for every line of output and error as it comes, for logs of long builds. Must not throw.</summary>
    public Action<string>? Line { get; init; }

    /// <summary>Added to, or replacing, the clean environment; never put a secret here.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>Exit codes that are a result and not a failure. Default: only 0.</summary>
    public IReadOnlyCollection<int> AcceptedExitCodes { get; init; } = [0];
}

/// <summary>What a finished program left behind.</summary>
/// <param name="ExitCode">0 to 255.</param>
/// <param name="Output">Standard output, whole.</param>
/// <param name="Error">Standard error, whole.</param>
public sealed record HostCommandResult(int ExitCode, string Output, string Error);

/// <summary>Runs short-lived external programs (ip, nft, qemu-img, …) with an argument list, a deadline and no shell.</summary>
public static class HostCommand
{
    private static readonly TimeSpan KillGrace = TimeSpan.FromSeconds(5);

    /// <summary>Runs the program to its end.</summary>
    /// <exception cref="HostCommandException">The program is missing, failed, or missed its deadline; carries its stderr.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled; the program has been killed.</exception>
    public static async Task<HostCommandResult> RunAsync(
        string program, IReadOnlyList<string> arguments, HostCommandOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new HostCommandOptions();
        cancellationToken.ThrowIfCancellationRequested();
        using Process process = Start(program, arguments, options);

        var output = new StringBuilder();
        var error = new StringBuilder();
        Task pumps = Task.WhenAll(
            PumpAsync(process.StandardOutput, output, options.Line),
            PumpAsync(process.StandardError, error, options.Line),
            FeedAsync(process.StandardInput, options.Input));

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(options.Timeout);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            // A grandchild may still hold the pipes; it gets what is left of the deadline.
            await pumps.WaitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            await KillAsync(process, pumps);
            cancellationToken.ThrowIfCancellationRequested();
            throw new HostCommandException(program, arguments, null, Snapshot(error),
                string.Create(CultureInfo.InvariantCulture, $"did not finish within {options.Timeout.TotalSeconds:0.#} s"));
        }

        var result = new HostCommandResult(process.ExitCode, output.ToString(), error.ToString());
        return options.AcceptedExitCodes.Contains(result.ExitCode)
            ? result
            : throw new HostCommandException(program, arguments, result.ExitCode, result.Error.Length > 0 ? result.Error : result.Output,
                string.Create(CultureInfo.InvariantCulture, $"exited with code {result.ExitCode}"));
    }

    private static Process Start(string program, IReadOnlyList<string> arguments, HostCommandOptions options)
    {
        // Process.Start would search the PATH of this process, which is the runner's.
        string path = ProgramPath.TryFind(program) ?? throw new HostCommandException(program, arguments, null, "",
            $"could not be started: there is no such program{(program.Contains('/', StringComparison.Ordinal) ? "" : $" in {CleanEnvironment.Variables["PATH"]}")}");
        var start = new ProcessStartInfo(path)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment.Clear();
        foreach ((string name, string value) in CleanEnvironment.Variables)
        {
            start.Environment[name] = value;
        }
        foreach ((string name, string value) in options.Environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }
        try
        {
#pragma warning disable RS0030 // This is the one place for short-lived tools that the ban points to.
            return Process.Start(start)!;
#pragma warning restore RS0030
        }
        catch (Win32Exception e)
        {
            throw new HostCommandException(program, arguments, null, "", $"could not be started: {e.Message}", e);
        }
    }

    private static async Task PumpAsync(StreamReader reader, StringBuilder sink, Action<string>? line)
    {
        // Who has read of a stream himself closes it himself: the process's own end leaves it to the garbage collector.
        using (reader)
        {
            while (await reader.ReadLineAsync() is { } text)
            {
                lock (sink)
                {
                    sink.Append(text).Append('\n');
                }
                line?.Invoke(text);
            }
        }
    }

    private static async Task FeedAsync(StreamWriter writer, string? input)
    {
        try
        {
            await using (writer)
            {
                await writer.WriteAsync(input ?? "");
            }
        }
        catch (IOException)
        {
            // The program closed its input early (EPIPE); its exit code tells whether that was right.
        }
    }

    private static string Snapshot(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    /// <summary>Waits until the end has been seen and its last output read, so that nothing of it outlives the call.</summary>
    private static async Task KillAsync(Process process, Task pumps)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It, or a child of it, ended by itself between the deadline and the kill.
        }
        try
        {
            await Task.WhenAll(process.WaitForExitAsync(CancellationToken.None), pumps).WaitAsync(KillGrace);
        }
        catch (TimeoutException)
        {
            // It hangs in the kernel, or an orphan holds the pipes. The caller hears of the missed deadline either way;
            // the pumps end with the pipes, and their result is of no interest any more.
            _ = pumps.ContinueWith(task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
    }
}
