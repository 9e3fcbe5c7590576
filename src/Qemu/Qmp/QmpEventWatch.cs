using System.Text.Json;
using System.Threading.Channels;
using VmPool;

namespace Qemu;

/// <summary>
/// Receives the events of a connection from the moment it is made. To wait for the outcome of a command, make the watch,
/// send the command, then wait: events from before, which look just the same, are not in it.
/// </summary>
internal sealed class QmpEventWatch : IDisposable
{
    private readonly Channel<QmpEvent> _events = Channel.CreateUnbounded<QmpEvent>();
    private readonly Action<QmpEventWatch> _closed;

    internal QmpEventWatch(Action<QmpEventWatch> closed) => _closed = closed;

    /// <summary>The next event of that name whose data satisfies the condition; others are passed over.</summary>
    /// <exception cref="TimeoutException">None came in time.</exception>
    /// <exception cref="HypervisorException">The connection ended first.</exception>
    internal async Task<QmpEvent> NextAsync(
        string name, Func<JsonElement, bool>? condition, TimeSpan deadline, TimeProvider time, CancellationToken cancellationToken)
    {
        using var clock = new CancellationTokenSource(deadline, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancellationToken);
        try
        {
            while (true)
            {
                QmpEvent next = await _events.Reader.ReadAsync(both.Token);
                if (next.Name == name && (condition is null || condition(next.Data)))
                {
                    return next;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"QEMU did not send the event {name} within {deadline.TotalSeconds:0.#} s");
        }
        catch (ChannelClosedException e) when (e.InnerException is HypervisorException failure)
        {
            throw new HypervisorException($"waiting for the event {name}: {failure.Message}", failure);
        }
    }

    /// <summary>Ends the watch.</summary>
    public void Dispose() => _closed(this);

    internal void Publish(QmpEvent message) => _events.Writer.TryWrite(message);

    internal void Fail(HypervisorException reason) => _events.Writer.TryComplete(reason);
}
