using System.Text.Json;
using Contract.Tests;

namespace EndToEnd.Tests;

/// <summary>The benchmark of clones and spares: that it measures, and that its figures are in the only order they can have.</summary>
public sealed class BenchmarkTests
{
    [Theory]
    [ClassData(typeof(Hypervisors))]
    public async Task Clones_and_spares_are_measured(string hypervisor)
    {
        await Scenario.RunAsync("scripts/bench", hypervisor, ("QUICK", "1"), ("ONLY", "clones one by one|spares|3 clones at once|checksums"));

        using JsonDocument bench = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "artifacts", "bench-part", "bench.json")));
        Times resumed = Find(bench, "clone", "n1", "cont_ms"), running = Find(bench, "clone", "n1", "running_ms"), job = Find(bench, "clone", "n1", "job_ms");
        Times spare = Find(bench, "spare", "running_ms"), first = Find(bench, "clone", "n3", "job_ms"), last = Find(bench, "clone", "n3", "last_ms");
        // Two rounds of five; two batches of three.
        Assert.Equal([10, 10, 10, 10, 6, 2], new[] { resumed, running, job, spare, first, last }.Select(times => times.N));
        Assert.True(resumed.P50 > 0 && resumed.P50 < running.P50, $"resumed after {resumed.P50} ms, running after {running.P50} ms");
        Assert.True(running.P50 < job.P50, $"running after {running.P50} ms, job done after {job.P50} ms");
        Assert.True(spare.P50 < running.P50, $"a spare runs after {spare.P50} ms, a clone after {running.P50} ms");
        Assert.True(first.P50 <= last.P50, $"median of jobs {first.P50} ms, of the last ones {last.P50} ms");
        Assert.Equal(0, bench.RootElement.GetProperty("template").GetProperty("files_changed").GetInt32());
    }

    private static Times Find(JsonDocument bench, params string[] path) =>
        path.Aggregate(bench.RootElement, (element, name) => element.GetProperty(name)).Deserialize<Times>(JsonSerializerOptions.Web)!;

    private sealed record Times(double P50, double P95, int N);
}
