using System.CommandLine;
using System.Runtime.InteropServices;
using FleetingPlugin.Toml;
using LinuxHost;
using VmPool;
using VmPool.Options;

namespace FleetingPlugin.Cli;

/// <summary>Runs the command line of this process: all commands, Ctrl-C, and one line for every expected error.</summary>
internal static class Commands
{
    private static IReadOnlyList<Command> All => [ImageCommand.Create(), StatusCommand.Create(), GcCommand.Create(), ContractCommand.Create()];

    /// <summary>Runs and returns the exit code; an error a person can act on is one line on standard error and code 1.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        using var interrupted = new CancellationTokenSource();
        using PosixSignalRegistration onInterrupt = Cancel(PosixSignal.SIGINT, interrupted);
        using PosixSignalRegistration onTerminate = Cancel(PosixSignal.SIGTERM, interrupted);
        try
        {
            return await CommandLine.RunAsync(args, All, Console.Out, Console.Error, interrupted.Token);
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("interrupted");
            return 130;
        }
        catch (Exception e) when (e is PluginOptionsException or RunnerConfigException or HostRequirementException or HostResourceException
            or HostCommandException or ImageBuildException or HypervisorException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"{BuildStamp.Product}: {e.Message}");
            return 1;
        }
    }

    private static PosixSignalRegistration Cancel(PosixSignal signal, CancellationTokenSource source) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            source.Cancel();
        });
}
