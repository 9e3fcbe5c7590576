using LinuxHost;

namespace VmPool.Provisioning;

/// <summary>
/// Leaves the CPU to a machine that has just been handed out while others wait for their start. An emulated machine's first
/// login takes as much CPU as its start: if the next ones started beside it, the first job of a burst would be as late as the
/// last one, and no other the earlier for it. A machine that stays idle, because nobody has come yet, holds nobody up.
/// </summary>
/// <param name="gate">Where the others wait.</param>
/// <param name="clock">Of the waits.</param>
/// <param name="cpuTimeOf">CPU time that a process has used, null when it is gone: <see cref="ProcessTable.CpuTimeOf"/>.</param>
internal sealed class FirstWork(StartGate gate, TimeProvider clock, Func<int, TimeSpan?> cpuTimeOf)
{
    // A runner that asks often has connected by the first look.
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(80);
    // Once there is work its end is the next one's beginning; a login itself hardly pauses. With 80 ms, as before the first work,
    // ten clones at once took 0.2 s longer.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(30);
    // With 0.7 s ten clones at once had their median first command after 5.7 s instead of 3.8 s.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    /// <summary>Returns as soon as nobody waits, the process uses less than a third of a CPU, or after one second.</summary>
    public async Task WaitAsync(int pid, CancellationToken cancellationToken)
    {
        long began = clock.GetTimestamp();
        TimeSpan? used = cpuTimeOf(pid);
        TimeSpan look = FirstLook;
        while (used is not null && gate.IsWaitedFor && clock.GetElapsedTime(began) < Longest)
        {
            await Task.Delay(look, clock, cancellationToken);
            TimeSpan? now = cpuTimeOf(pid);
            if (now - used < look / 3)
            {
                return;
            }
            used = now;
            look = Look;
        }
    }
}
