using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using VmPool.Networking;
using VmPool.Options;
using VmPool.Ports;

namespace Benchmarks;

/// <summary>Prepares slots, one after another, and prints the milliseconds of each. They go when all are there.</summary>
internal static class Slots
{
    // The first ones also pay for the compiler.
    private const int WarmUps = 3;

    public static async Task<int> MeasureAsync(int count, string stateDirectory)
    {
        // Claimed like the slots of any group: whatever runs on this host at the same time gets others.
        var options = new GroupOptions
        {
            Name = "bench-slots",
            StateDirectory = stateDirectory,
            Network = new NetworkOptions { Dns = [System.Net.IPAddress.Parse("192.0.2.53")] },
        };
        var slots = new NetworkSlots(options, NullLogger.Instance);
        var taken = new List<NetworkSlot>();
        try
        {
            for (int i = 0; i < WarmUps; i++)
            {
                NetworkSlot warm = await slots.AcquireAsync("bench-slots-warm", CancellationToken.None);
                await slots.ReleaseAsync(warm.Number, "bench-slots-warm", CancellationToken.None);
            }
            for (int i = 1; i <= count; i++)
            {
                long start = Stopwatch.GetTimestamp();
                taken.Add(await slots.AcquireAsync(Owner(i), CancellationToken.None));
                double elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                Console.WriteLine(elapsed.ToString("0.000", CultureInfo.InvariantCulture));
            }
            return 0;
        }
        finally
        {
            for (int i = 0; i < taken.Count; i++)
            {
                await slots.ReleaseAsync(taken[i].Number, Owner(i + 1), CancellationToken.None);
            }
        }
    }

    private static string Owner(int number) => string.Create(CultureInfo.InvariantCulture, $"bench-slots-{number}");
}
