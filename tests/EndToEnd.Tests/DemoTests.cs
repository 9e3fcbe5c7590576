using System.Text.Json;
using Contract.Tests;

namespace EndToEnd.Tests;

/// <summary>The main job: two jobs, each in a fresh virtual machine, which can reach the internet and nothing else.</summary>
public sealed class DemoTests
{
    private static readonly string[] s_steps = ["accepted", "image", "template", "slot", "disk", "resume", "identity", "job", "deleted"];
    private static readonly JsonSerializerOptions s_names = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    [Theory]
    [ClassData(typeof(Hypervisors))]
    public Task Two_jobs_run_in_two_machines_and_nothing_is_left_behind(string hypervisor) => RunAsync(hypervisor);

    /// <summary>From v54 on Cloud Hypervisor runs overlays where the disk directory cannot share blocks; its stand-in can be that version.</summary>
    [Fact]
    public Task The_same_with_the_overlays_of_the_next_Cloud_Hypervisor() => RunAsync("cloud-hypervisor", ("STANDIN_VERSION", "v54.0"));

    private static async Task RunAsync(string hypervisor, params (string Name, string Value)[] settings)
    {
        string report = Path.Combine(Repository.Root, "artifacts", "demo", "timeline.json");
        Directory.CreateDirectory(Path.GetDirectoryName(report)!);
        File.Delete(report);

        IReadOnlyList<string> output = await Scenario.RunAsync("tests/demo/run-demo", hypervisor, settings);

        Assert.Contains("leak check: the host is as it was", output);
        Report timelines = JsonSerializer.Deserialize<Report>(await File.ReadAllTextAsync(report), s_names)!;
        Assert.Equal(hypervisor, timelines.Hypervisor);
        Assert.Equal(2, timelines.Instances.Count);
        Assert.All(timelines.Instances, instance =>
        {
            Assert.Contains($"== {instance.Id}: artifact of 10436 bytes, SHA-256 as expected", output);
            Assert.Contains(output, line => line.StartsWith($"== {instance.Id}: reaches the internet, and none of ", StringComparison.Ordinal));
            Assert.Equal(s_steps, instance.Timeline.Select(entry => entry.Step));
            Assert.Equal(instance.Timeline.OrderBy(entry => entry.Ms), instance.Timeline);
        });
    }

    private sealed record Report(string Hypervisor, IReadOnlyList<InstanceTimeline> Instances);

    private sealed record InstanceTimeline(string Id, IReadOnlyList<Entry> Timeline);

    private sealed record Entry(string Step, double Ms);
}
