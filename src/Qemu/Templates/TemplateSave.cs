using LinuxHost;
using VmmProcess;
using VmPool;

namespace Qemu;

/// <summary>Saves a running machine as a template and ends it.</summary>
internal sealed class TemplateSave(QemuMachine machine, string directory, TimeSpan deadline, TimeProvider time)
{
    private readonly string _memory = Path.Combine(directory, TemplateFiles.Memory);
    private readonly string _state = Path.Combine(directory, TemplateFiles.State);

    /// <exception cref="HypervisorException">The state could not be saved; says why.</exception>
    internal Task RunAsync(CancellationToken cancellationToken) => TemplateSaving.RunAsync(
        machine.Watched, directory, deadline, time, SaveAndEndAsync, () => File.Delete(_state), cancellationToken);

    private async Task SaveAndEndAsync(CancellationToken cancellationToken)
    {
        await SaveAsync(cancellationToken);
        await machine.StopAsync(cancellationToken);
        foreach (string path in new[] { _memory, _state })
        {
            FileOwner.Set(path, 0, 0, TemplateMemory.SavedMode);
        }
    }

    private async Task SaveAsync(CancellationToken cancellationToken)
    {
        QmpConnection connection = await machine.ConnectAsync(cancellationToken);
        // From here on the guest executes nothing and its disk does not change.
        await connection.ExecuteAsync("stop", null, deadline, cancellationToken);
        await connection.ExecuteAsync("migrate-set-capabilities", MigrationEvent.WriteCapabilities, deadline, cancellationToken);
        // By default QEMU would spread even half a megabyte over time.
        await connection.ExecuteAsync(
            "migrate-set-parameters", json => json.WriteNumber("max-bandwidth", 1L << 40), deadline, cancellationToken);

        using StateReceiver receiver = StateReceiver.Open(machine.Directory, machine.Process.Pid);
        await using var file = new FileStream(_state, FileMode.CreateNew, FileAccess.Write);
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task receiving = receiver.ReceiveAsync(file, failed.Token);
        try
        {
            MigrationEvent.RequireCompleted(await connection.ExecuteUntilAsync(
                "migrate", json => json.WriteString("uri", StateReceiver.Target), MigrationEvent.IsLast, deadline, cancellationToken));
        }
        catch
        {
            await failed.CancelAsync();
            await receiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
        await receiving;
    }
}
