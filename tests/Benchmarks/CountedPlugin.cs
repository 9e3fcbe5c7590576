using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Benchmarks;

/// <summary>
/// The plugin itself, which besides writes how many bytes it has allocated so far, in all threads, to the file of
/// <c>VMPOOL_BENCH_ALLOCATED</c> whenever it gets SIGUSR1. Only a process itself knows that number.
/// </summary>
internal static class CountedPlugin
{
    private const PosixSignal UserSignal1 = (PosixSignal)10;

    public static async Task<int> RunAsync(string[] arguments)
    {
        string path = Environment.GetEnvironmentVariable("VMPOOL_BENCH_ALLOCATED")
            ?? throw new InvalidOperationException("VMPOOL_BENCH_ALLOCATED is not set: there is no file for the result");
        using PosixSignalRegistration answer = PosixSignalRegistration.Create(UserSignal1, context =>
        {
            context.Cancel = true;
            string total = GC.GetTotalAllocatedBytes(precise: true).ToString(CultureInfo.InvariantCulture);
            // Whoever waits for the file finds it complete.
            File.WriteAllText(path + ".new", total);
            File.Move(path + ".new", path);
        });
        Assembly plugin = Assembly.Load("fleeting-plugin-vmpool");
        object? result = plugin.EntryPoint!.Invoke(null, [arguments]);
        return result is Task<int> task ? await task : (int)result!;
    }
}
