using System.Globalization;
using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool.Instances;
using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Provisioning;

/// <summary>
/// Lives the life of every instance in the background: create, wait for its end, tear down. One task for each instance; an
/// error ends that instance and nothing else.
/// </summary>
internal sealed class Provisioner : IAsyncDisposable
{
    private static readonly TimeSpan TeardownTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FirstTeardownRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestTeardownRetry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan BootTimeout = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan EmulatedBootTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan CloneTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EmulatedCloneTimeout = TimeSpan.FromMinutes(2);

    private readonly GroupOptions options;
    private readonly VmPorts ports;
    private readonly VmFactory factory;
    private readonly TimeProvider clock;
    private readonly ILogger log;
    private readonly StartGate startGate;
    private readonly FirstWork firstWork;
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private readonly HashSet<Task> lives = [];

    /// <summary>Nothing lives yet.</summary>
    public Provisioner(GroupOptions options, VmPorts ports, VmFactory factory, TimeProvider clock, ILogger log)
    {
        this.options = options;
        this.ports = ports;
        this.factory = factory;
        this.clock = clock;
        this.log = log;
        startGate = new StartGate(options.ParallelStarts ?? Environment.ProcessorCount);
        firstWork = new FirstWork(startGate, clock, ProcessTable.CpuTimeOf);
    }

    /// <summary>Begins the life of a newly accepted instance.</summary>
    public void Start(Instance instance) => Track(Task.Run(() => LiveAsync(instance, BecomeRunningAsync)));

    /// <summary>
    /// Begins the life of a spare: it is made when no requested instance waits for its turn, and becomes running when it has
    /// been given away and is complete, whichever comes last.
    /// </summary>
    /// <param name="instance">The spare.</param>
    /// <param name="changed">Told when it is complete, and when its life is over.</param>
    public void Prepare(Instance instance, Action changed) => Track(Task.Run(async () =>
    {
        try
        {
            await LiveAsync(instance, spare => BecomeReadyAsync(spare, StartTurn.Spare, changed));
        }
        finally
        {
            changed();
        }
    }));

    /// <summary>Hands a complete spare out, which has just been given away. Does nothing to one that is still being made.</summary>
    public void HandOut(Instance instance)
    {
        if (!instance.Record.Spare && instance.IsComplete && instance.TryBecome(InstanceState.Running))
        {
            string timeline = Timeline(instance);
            log.InstanceRunning(instance.Id, instance.Record.Slot, instance.Record.Address, timeline);
        }
    }

    /// <summary>Goes on with the life of an instance whose machine is running already.</summary>
    public void Continue(Instance instance) => Track(Task.Run(() => LiveAsync(instance, static _ => Task.CompletedTask)));

    /// <summary>Tears down what is left of an instance that nobody will use again.</summary>
    /// <returns>Completes when it is gone.</returns>
    public Task Reclaim(Instance instance)
    {
        Task life = Task.Run(() => TearDownAsync(instance));
        Track(life);
        return life;
    }

    private async Task LiveAsync(Instance instance, Func<Instance, Task> begin)
    {
        try
        {
            await begin(instance);
            await WaitForEndAsync(instance);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && instance.State is InstanceState.Running)
        {
            return; // The plugin ends; a machine that was handed out stays.
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested || instance.DeletionBegun.IsCancellationRequested)
        {
            instance.TryBecome(InstanceState.Deleting, "given up before it was running");
        }
        catch (Exception e)
        {
            // The funnel for every error of every port: this instance fails, the process lives.
            if (instance.TryBecome(InstanceState.Deleting, e.Message))
            {
                string step = instance.Record.Timeline[^1].Step;
                log.InstanceFailed(e, instance.Id, instance.Record.Slot, step);
            }
        }
        await TearDownAsync(instance);
    }

    private Task BecomeRunningAsync(Instance instance) => BecomeReadyAsync(instance, StartTurn.Requested, static () => { });

    private async Task BecomeReadyAsync(Instance instance, StartTurn turn, Action completed)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(instance.DeletionBegun, stopping.Token);
        ImageGeneration image = await ports.Images.CurrentAsync(ended.Token);
        instance.Finish("image", record => record with { ImageHash = image.Hash });

        Template? template = await ports.Templates.CurrentAsync(image, ended.Token);
        if (template is not null)
        {
            instance.Finish("template", record => record with { TemplateKey = template.Key });
        }
        HypervisorCapabilities capabilities = await ports.Hypervisor.ProbeAsync(ended.Token);
        Deadline limit = ChooseDeadline(template is not null, capabilities.IsEmulated);

        using IDisposable place = await startGate.EnterAsync(turn, ended.Token);
        using (var deadline = new CancellationTokenSource(limit.After, clock))
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ended.Token, deadline.Token);
            try
            {
                await (template is null
                    ? factory.BootAsync(instance, image, either.Token)
                    : factory.CloneAsync(instance, template, either.Token));
                if (turn is StartTurn.Spare)
                {
                    await factory.WarmAsync(instance, either.Token);
                }
            }
            catch (OperationCanceledException e) when (deadline.IsCancellationRequested && !ended.IsCancellationRequested)
            {
                throw TimedOut(instance, limit, e);
            }
        }
        instance.IsComplete = true;
        HandOut(instance);
        completed();
        if (capabilities.IsEmulated)
        {
            await firstWork.WaitAsync(instance.Record.Pid, ended.Token);
        }
    }

    private async Task WaitForEndAsync(Instance instance)
    {
        IVirtualMachine machine = instance.Machine!;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(instance.DeletionBegun, stopping.Token);
        VmExit exit = await machine.Exited.WaitAsync(ended.Token);
        string code = exit.ExitCode is { } number ? string.Create(CultureInfo.InvariantCulture, $" with code {number}") : "";
        throw new HypervisorException(
            $"the virtual machine of {instance.Id} (pid {machine.Process.Pid}) ended by itself{code}; last output: {exit.LastOutput}");
    }

    /// <summary>Undoes everything; what cannot be undone is tried again until it can, and the instance stays "deleting".</summary>
    private async Task TearDownAsync(Instance instance)
    {
        TimeSpan retry = FirstTeardownRetry;
        while (true)
        {
            try
            {
                using var deadline = new CancellationTokenSource(TeardownTimeout, clock);
                await instance.Cleanup.UnwindAsync(deadline.Token);
                break;
            }
            catch (Exception e) when (e is UndoException or TimeoutException)
            {
                log.TeardownFailed(e, instance.Id, instance.Record.Slot, retry.TotalSeconds);
            }
            try
            {
                await Task.Delay(retry, clock, stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return; // The record is still there: the next start finds it and goes on.
            }
            retry = TimeSpan.FromTicks(Math.Min(retry.Ticks * 2, LongestTeardownRetry.Ticks));
        }
        instance.TryBecome(InstanceState.Deleted);
        log.InstanceDeleted(instance.Id, instance.Record.Slot);
    }

    private Deadline ChooseDeadline(bool isClone, bool isEmulated) => isClone
        ? new Deadline("clone_timeout", options.CloneTimeout ?? (isEmulated ? EmulatedCloneTimeout : CloneTimeout))
        : new Deadline("boot_timeout", options.BootTimeout ?? (isEmulated ? EmulatedBootTimeout : BootTimeout));

    private static TimeoutException TimedOut(Instance instance, Deadline limit, Exception inner)
    {
        string last = instance.Record.Timeline[^1].Step;
        string output = instance.Machine?.ReadLastOutput() ?? "";
        string tail = output.Length > 0 ? $"; last output: {output}" : "";
        return new TimeoutException(string.Create(
            CultureInfo.InvariantCulture,
            $"instance {instance.Id} was not running within {limit.Key} ({limit.After.TotalSeconds:0} s); last finished step: {last}{tail}"), inner);
    }

    private static string Timeline(Instance instance) => string.Join(
        ' ', instance.Record.Timeline.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Step}={entry.Ms:0}ms")));

    private void Track(Task life)
    {
        lock (gate)
        {
            lives.Add(life);
        }
        life.ContinueWith(
            done =>
            {
                lock (gate)
                {
                    lives.Remove(done);
                }
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>
    /// Ends the lives: what is being created is torn down, what runs stays. The caller bounds the wait; whatever remains is
    /// found by the next start.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        Task[] left;
        lock (gate)
        {
            left = [.. lives];
        }
        await Task.WhenAll(left).WaitAsync(cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        lock (gate)
        {
            // A life that outlasted the wait still uses it; the process is about to end anyway.
            if (lives.Count == 0)
            {
                stopping.Dispose();
            }
        }
        return ValueTask.CompletedTask;
    }

    private sealed record Deadline(string Key, TimeSpan After);
}
