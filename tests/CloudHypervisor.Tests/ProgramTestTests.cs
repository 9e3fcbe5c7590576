using LinuxHost;
using MachineFixtures;

namespace CloudHypervisor.Tests;

public sealed class ProgramTestTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_program_that_is_being_tried_has_no_files_that_a_killed_plugin_could_leave()
    {
        string program = StubProgram.Install(_directory);
        await File.WriteAllTextAsync(_directory["probe-faults.json"], """{"vmm.ping": {"stderr": "half\nasleep", "hang": true}}""");
        string files = Directory.CreateDirectory(_directory["files"]).FullName;

        Task<string?> test = new ProgramTest(program, TimeProvider.System, files).RunAsync();

        Assert.False(test.IsCompleted);
        Assert.Empty(Directory.EnumerateFileSystemEntries(files));
        Assert.StartsWith("it did not answer within 5 s; it said: half | asleep", await test, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_that_cannot_be_made_is_no_answer()
    {
        string program = StubProgram.Install(_directory);

        HostResourceException error = await Assert.ThrowsAsync<HostResourceException>(() => new ProgramTest(program, TimeProvider.System, "/proc").RunAsync());

        Assert.StartsWith($"cannot try whether {program} works here: cannot create or use directory /proc/", error.Message, StringComparison.Ordinal);
    }
}
