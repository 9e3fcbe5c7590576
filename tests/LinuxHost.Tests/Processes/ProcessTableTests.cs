namespace LinuxHost.Tests.Processes;

public sealed class ProcessTableTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_program_name_with_spaces_and_parentheses_does_not_confuse_the_start_time()
    {
        string program = _directory.File("a ) b (1");
        File.Copy("/bin/sleep", program);
        ChildProcess child = Spawn.Start(new SpawnRequest { Program = program, Arguments = ["300"], OutputPath = _directory.File("output") });
        try
        {
            ulong own = ProcessTable.StartTicks(Environment.ProcessId);
            Assert.InRange(child.Identity.StartTicks, own, own + 100UL * 3600);
        }
        finally
        {
            child.Kill();
            await child.Exited.WaitAsync(Eventually.Deadline);
        }
    }

    [Fact]
    public void A_process_that_does_not_exist_has_no_identity()
    {
        Assert.Null(ProcessTable.Identify(int.MaxValue));
        Assert.Null(ProcessTable.Identify(0));
        Assert.Null(ProcessTable.NetworkNamespaceOf(int.MaxValue));
        Assert.Throws<HostResourceException>(() => ProcessTable.StartTicks(int.MaxValue));
    }

    [Fact]
    public void Our_own_namespace_holds_us()
    {
        ulong? inode = ProcessTable.NetworkNamespaceOf(Environment.ProcessId);
        Assert.Equal(NetworkNamespace.OwnInode, inode);
        Assert.Contains(ProcessTable.Identify(Environment.ProcessId)!.Value, ProcessTable.FindInNetworkNamespace(inode!.Value));
    }

    [Fact]
    public async Task A_scan_survives_processes_that_vanish_meanwhile()
    {
        using var stop = new CancellationTokenSource();
        async Task ChurnAsync()
        {
            while (!stop.IsCancellationRequested)
            {
                await Spawn.Start(new SpawnRequest { Program = "true", Arguments = [], OutputPath = "/dev/null" }).Exited;
            }
        }
        Task churn = Task.WhenAll(Task.Run(ChurnAsync), Task.Run(ChurnAsync));
        for (int i = 0; i < 50; i++)
        {
            Assert.NotEmpty(ProcessTable.FindInNetworkNamespace(NetworkNamespace.OwnInode));
        }
        await stop.CancelAsync();
        await churn.WaitAsync(Eventually.Deadline);
    }

    [Fact]
    public void The_cpu_time_of_a_process_grows_with_its_work_and_is_absent_without_it()
    {
        TimeSpan before = ProcessTable.CpuTimeOf(Environment.ProcessId)!.Value;
        while (ProcessTable.CpuTimeOf(Environment.ProcessId) < before + TimeSpan.FromMilliseconds(50))
        {
            // Reading it is the work.
        }
        using var self = System.Diagnostics.Process.GetCurrentProcess();

        Assert.InRange(ProcessTable.CpuTimeOf(Environment.ProcessId)!.Value, before + TimeSpan.FromMilliseconds(50), self.TotalProcessorTime + TimeSpan.FromSeconds(1));
        Assert.Null(ProcessTable.CpuTimeOf(int.MaxValue));
    }

    [Fact]
    public void The_boot_id_is_the_kernels() => Assert.True(Guid.TryParse(ProcessTable.BootId, out _));
}
