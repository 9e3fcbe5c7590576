using MachineFixtures;

namespace VmmProcess.Tests;

public sealed class SharedProbeTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private int _inspections;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task All_who_ask_share_one_inspection()
    {
        Install("one");
        SharedProbe<int> probe = Probe();

        int[] answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => probe.GetAsync(CancellationToken.None)));

        Assert.Equal([1, 1, 1], answers);
        Assert.Equal(1, await probe.GetAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_program_in_the_place_of_the_inspected_one_is_inspected()
    {
        Install("one");
        SharedProbe<int> probe = Probe();
        await probe.GetAsync(CancellationToken.None);

        // As a package manager does it: another file gets the name, here with the same length and time.
        DateTime written = File.GetLastWriteTimeUtc(Program);
        string next = _directory["next"];
        File.Copy(Program, next);
        File.SetLastWriteTimeUtc(next, written);
        File.Move(next, Program, overwrite: true);

        Assert.Equal(2, await probe.GetAsync(CancellationToken.None));
        Assert.Equal(2, await probe.GetAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData("two", 1)]
    [InlineData("three", 0)]
    public async Task A_program_that_is_written_over_is_inspected(string content, int laterSeconds)
    {
        Install("one");
        DateTime written = File.GetLastWriteTimeUtc(Program);
        SharedProbe<int> probe = Probe();
        await probe.GetAsync(CancellationToken.None);

        Install(content);
        File.SetLastWriteTimeUtc(Program, written.AddSeconds(laterSeconds));

        Assert.Equal(2, await probe.GetAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_program_that_is_replaced_during_its_inspection_is_inspected_again()
    {
        Install("one");
        var going = new TaskCompletionSource();
        var probe = new SharedProbe<int>(Program, async () =>
        {
            int number = ++_inspections;
            await going.Task;
            return number;
        });
        Task<int> first = probe.GetAsync(CancellationToken.None);

        Install("three");
        going.SetResult();

        Assert.Equal(1, await first);
        Assert.Equal(2, await probe.GetAsync(CancellationToken.None));
    }

    private string Program => _directory["program"];

    private SharedProbe<int> Probe() => new(Program, () => Task.FromResult(++_inspections));

    private void Install(string content)
    {
        File.WriteAllText(Program, content);
        File.SetUnixFileMode(Program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
