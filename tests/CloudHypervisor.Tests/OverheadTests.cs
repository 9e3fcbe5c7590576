using System.Diagnostics;
using System.Globalization;
using VmPool.Ports;
using Xunit.Abstractions;

namespace CloudHypervisor.Tests;

/// <summary>Its tests run alone: nobody else's work is to be in their figures.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Measured
{
    public const string Name = "measured";
}

/// <summary>What the driver itself costs a clone. Times are reported, not judged: hosts differ, and tests share theirs.</summary>
[Collection(Measured.Name)]
public sealed class OverheadTests(ITestOutputHelper output)
{
    private const int Clones = 20;
    private const double TicksPerSecond = 100;

    [Fact]
    public async Task The_drivers_own_part_of_a_clone_is_reported()
    {
        await using var pool = new TestPool();
        using IMachineTemplate template = await pool.CreateTemplateAsync();
        var own = new List<double>();
        var processor = new List<double>();
        for (int i = 0; i <= Clones; i++)
        {
            BootRequest request = await pool.PrepareAsync($"ci-{i}");
            TimeSpan used = Environment.CpuUsage.TotalTime;
            double began = SinceBoot();
            IVirtualMachine clone = await template.CloneAsync(request, CancellationToken.None);
            double ended = SinceBoot();
            used = Environment.CpuUsage.TotalTime - used;
            double spawned = clone.Process.StartTicks / TicksPerSecond;
            string answered = File.ReadAllLines(Path.Combine(request.Directory, "calls")).Last(line => line.StartsWith("# answers at ", StringComparison.Ordinal));
            double finished = double.Parse(answered.Split(' ')[^1], CultureInfo.InvariantCulture) / 1e9;
            await clone.StopAsync(CancellationToken.None);
            // The first one pays for the compiler.
            if (i > 0)
            {
                own.Add(1000 * (ended - began - (finished - spawned)));
                processor.Add(used.TotalMilliseconds);
            }
        }

        // The start of a process is known to 10 ms only, always rounded down; over many clones that is 5 ms too little.
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"driver's own part of a clone, {Clones} clones: {own.Average() + 5:0.0} ms on average; processor time of this process: {processor.Average():0.0} ms, median {processor.Order().ElementAt(Clones / 2):0.0} ms"));
        Assert.Equal(Clones, own.Count);
    }

    // The kernel counts the starts of processes from the same moment.
    private static double SinceBoot() => Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
}
