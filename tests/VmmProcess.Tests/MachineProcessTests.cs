using LinuxHost;
using MachineFixtures;
using Microsoft.Extensions.Logging.Abstractions;
using VmPool;
using VmPool.Tests.Fakes;

namespace VmmProcess.Tests;

public sealed class MachineProcessTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly ManualClock _clock = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_process_that_is_gone_but_not_given_back_is_said_to_be_just_that()
    {
        var held = new TaskCompletionSource();
        MachineProcess machine = Start(() => new ValueTask(held.Task));
        try
        {
            Task stop = machine.StopAsync();
            while (!machine.HasEnded)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5));
            }
            _clock.Advance(TimeSpan.FromSeconds(11));

            HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => stop);
            Assert.Equal("sleep of group-1 has ended, but not all that was held for it is given back 10 s after SIGKILL", error.Message);
        }
        finally
        {
            held.SetResult();
        }
        Assert.Equal(137, (await machine.Exited).ExitCode);
    }

    private MachineProcess Start(Func<ValueTask> release) => new(
        Spawn.Start(new SpawnRequest { Program = "sleep", Arguments = ["60"], OutputPath = _directory["output"] }),
        new MachineProcessInfo("group-1", "sleep", _directory.Path, "output", KeepsAppending: true), release, _clock, NullLogger.Instance);
}
