using System.Globalization;
using Contract.Tests;
using LinuxHost;

namespace EndToEnd.Tests;

/// <summary>
/// A script that plays with real virtual machines in network namespaces of its own, cleans up after itself and ends in the
/// leak check.
/// </summary>
internal static class Scenario
{
    /// <summary>Generous, because the first one on a machine also builds the image, and emulated guests are slow.</summary>
    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(25);

    /// <summary>What the script may take to give everything back once it is told to end.</summary>
    private static readonly TimeSpan s_cleanUp = TimeSpan.FromMinutes(4);

    private const int ToldToEnd = 124;

    private static readonly string[] s_settings = ["PATH", "HOME", "DOTNET_ROOT", "ACCEL", "RELEASE", "VMPOOL_TEST_CACHE", "VMPOOL_IMAGE_CACHE", "LEAK_CHECK_OPTIONS"];

    /// <summary>Runs the script with the plugin as its argument.</summary>
    /// <param name="script">Relative to the directory of the solution.</param>
    /// <param name="hypervisor">The driver of the group's machines.</param>
    /// <param name="settings">Environment variables that the script knows.</param>
    /// <returns>Its output and error, line by line as they came.</returns>
    /// <exception cref="Xunit.Sdk.XunitException">It failed; carries the end of its output.</exception>
    public static async Task<IReadOnlyList<string>> RunAsync(string script, string hypervisor, params (string Name, string Value)[] settings)
    {
        string log = Path.Combine(Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "end-to-end")).FullName, $"{Path.GetFileName(script)}-{hypervisor}.log");
        var lines = new List<string>();
        HostCommandResult result;
        using (StreamWriter file = File.CreateText(log))
        {
            // Told to end, the script gives everything back; killed at once, it could not.
            result = await HostCommand.RunAsync("timeout",
                [
                    string.Create(CultureInfo.InvariantCulture, $"--kill-after={s_cleanUp.TotalSeconds}"),
                    string.Create(CultureInfo.InvariantCulture, $"{s_deadline.TotalSeconds}"),
                    Path.Combine(Repository.Root, script), Repository.Plugin,
                ],
                new HostCommandOptions
                {
                    Timeout = s_deadline + s_cleanUp + TimeSpan.FromMinutes(1),
                    AcceptedExitCodes = [.. Enumerable.Range(0, 256)],
                    Environment = Environment([("HYPERVISOR", hypervisor), .. settings]),
                    Line = line =>
                    {
                        lock (lines)
                        {
                            lines.Add(line);
                            file.WriteLine(line);
                            file.Flush();
                        }
                    },
                });
        }
        string end = string.Join('\n', lines.TakeLast(40));
        Assert.True(result.ExitCode != ToldToEnd, $"{script} was not done after {s_deadline.TotalMinutes} minutes; all output is in {log}, its end is:\n{end}");
        Assert.True(result.ExitCode == 0, $"{script} ended with exit code {result.ExitCode}; all output is in {log}, its end is:\n{end}");
        return lines;
    }

    private static Dictionary<string, string> Environment((string Name, string Value)[] settings)
    {
        Dictionary<string, string> environment = settings.ToDictionary(setting => setting.Name, setting => setting.Value);
        environment["VMPOOL_LEAK_CHECK"] = Path.Combine(AppContext.BaseDirectory, "hostleak");
        foreach (string name in s_settings)
        {
            if (System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                environment[name] = value;
            }
        }
        return environment;
    }
}
