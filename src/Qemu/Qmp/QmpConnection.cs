using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using VmPool;

namespace Qemu;

/// <summary>
/// One conversation with one QEMU over its control socket: one JSON object per line, answers matched to commands by id,
/// events in between. The first thing that goes wrong ends the conversation and is the reason every open and later call gets.
/// </summary>
internal sealed class QmpConnection : IAsyncDisposable
{
    private readonly Stream _stream;
    private readonly string _instanceId;
    private readonly TimeProvider _time;
    private readonly QmpLineReader _lines;
    private readonly CancellationTokenSource _closing = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly ConcurrentDictionary<long, QmpCall> _pending = new();
    private readonly Lock _gate = new();
    private HypervisorException? _failure;
    private Task _reading = Task.CompletedTask;
    private Task _negotiation = Task.CompletedTask;
    private long _lastId;

    private QmpConnection(Stream stream, string instanceId, TimeProvider time)
    {
        _stream = stream;
        _instanceId = instanceId;
        _time = time;
        _lines = new QmpLineReader(stream);
    }

    /// <summary>Whether the conversation has ended.</summary>
    internal bool HasFailed => Volatile.Read(ref _failure) is not null;

    /// <summary>
    /// Takes the greeting and asks for the command mode; owns the stream from here on, also when it throws. The answer is not
    /// waited for: QEMU greets long before it is ready for anything else, and may as well find the first commands waiting.
    /// </summary>
    /// <exception cref="HypervisorException">The other side does not speak QMP, or ended.</exception>
    /// <exception cref="TimeoutException">It did not greet in time.</exception>
    internal static async Task<QmpConnection> OpenAsync(
        Stream stream, string instanceId, TimeSpan deadline, TimeProvider time, CancellationToken cancellationToken)
    {
        var connection = new QmpConnection(stream, instanceId, time);
        try
        {
            await connection.GreetAsync(deadline, cancellationToken);
            connection._reading = connection.ReadAllAsync();
            connection._negotiation = connection.ExecuteAsync("qmp_capabilities", null, deadline, cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends a command and waits for its answer.</summary>
    /// <param name="command">QMP's name of it.</param>
    /// <param name="arguments">Writes the properties of its "arguments" object; absent without any.</param>
    /// <param name="deadline">For the whole of it.</param>
    /// <param name="cancellationToken">Gives up waiting; the command may still be carried out.</param>
    /// <exception cref="QmpException">QEMU refused.</exception>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    /// <exception cref="HypervisorException">The conversation has ended.</exception>
    internal Task<JsonElement> ExecuteAsync(
        string command, Action<Utf8JsonWriter>? arguments, TimeSpan deadline, CancellationToken cancellationToken) =>
        RunAsync(new QmpCall(command, null), arguments, deadline, cancellationToken);

    /// <summary>Sends a command whose work goes on behind its answer, and waits for the event that ends it.</summary>
    /// <param name="command">QMP's name of it.</param>
    /// <param name="arguments">Writes the properties of its "arguments" object; absent without any.</param>
    /// <param name="isLast">Recognizes the event; called for those that come behind the answer.</param>
    /// <param name="deadline">For the whole of it.</param>
    /// <param name="cancellationToken">Gives up waiting; the command may still be carried out.</param>
    /// <returns>The event's data.</returns>
    /// <exception cref="QmpException">QEMU refused.</exception>
    /// <exception cref="TimeoutException">No answer or no such event in time.</exception>
    /// <exception cref="HypervisorException">The conversation has ended.</exception>
    internal Task<JsonElement> ExecuteUntilAsync(
        string command, Action<Utf8JsonWriter>? arguments, Func<QmpEvent, bool> isLast, TimeSpan deadline, CancellationToken cancellationToken) =>
        RunAsync(new QmpCall(command, isLast), arguments, deadline, cancellationToken);

    /// <summary>Never throws: what ended the conversation has been told to its callers.</summary>
    public async ValueTask DisposeAsync()
    {
        Fail("it was closed by us", null);
        await _closing.CancelAsync();
        await _reading;
        await _negotiation.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stream.DisposeAsync();
    }

    private async Task GreetAsync(TimeSpan deadline, CancellationToken cancellationToken)
    {
        using var clock = new CancellationTokenSource(deadline, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancellationToken);
        try
        {
            ReadOnlyMemory<byte>? line = await _lines.ReadAsync(both.Token);
            if (line is null || QmpMessage.Parse(line.Value) is not QmpGreeting)
            {
                throw new HypervisorException($"the control socket of {_instanceId} does not greet as QMP does");
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException(string.Create(CultureInfo.InvariantCulture,
                $"the control socket of {_instanceId} took the connection but sent no greeting within {deadline.TotalSeconds:0.#} s; another client may hold it"));
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            throw new HypervisorException($"the control socket of {_instanceId} does not greet as QMP does: {e.Message}", e);
        }
    }

    private async Task<JsonElement> RunAsync(
        QmpCall call, Action<Utf8JsonWriter>? arguments, TimeSpan deadline, CancellationToken cancellationToken)
    {
        Task negotiation = _negotiation;
        long id = Interlocked.Increment(ref _lastId);
        _pending[id] = call;
        using var clock = new CancellationTokenSource(deadline, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancellationToken);
        try
        {
            ThrowIfFailed(call.Command);
            await WriteAsync(QmpCommand.Encode(id, call.Command, arguments), both.Token);
            // A refused command mode is the reason why this command fails too.
            await negotiation;
            return await call.Result.WaitAsync(both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            ThrowIfFailed(call.Command);
            throw new TimeoutException(string.Create(CultureInfo.InvariantCulture,
                $"QEMU of {_instanceId} did not {call.Awaited} `{call.Command}` within {deadline.TotalSeconds:0.#} s"));
        }
        catch (IOException e)
        {
            Fail($"writing failed: {e.Message}", e);
            throw Failure(call.Command);
        }
        finally
        {
            _pending.TryRemove(id, out _);
        }
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> line, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await _stream.WriteAsync(line, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Part of the line may be on its way, and the next command would continue it. A socket takes a line at once unless QEMU hangs.
            Fail("QEMU does not read it any more", null);
            throw;
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAllAsync()
    {
        try
        {
            while (await _lines.ReadAsync(_closing.Token) is { } line)
            {
                Dispatch(QmpMessage.Parse(line));
            }
            Fail("QEMU closed it", null);
        }
        catch (Exception e)
        {
            // Whatever a taken-over QEMU can provoke ends the conversation and no more: this task is awaited where the machine is
            // cleaned away. Cancellation is our own closing, whose reason is already set.
            Fail(e.Message, e);
        }
    }

    private void Dispatch(QmpMessage message)
    {
        switch (message)
        {
            case QmpReturn success:
                Answer(success.Id, message);
                break;
            case QmpError error:
                Answer(error.Id, message);
                break;
            case QmpEvent happened:
                foreach (QmpCall waiting in _pending.Values)
                {
                    waiting.Observe(happened);
                }
                break;
        }
    }

    private void Answer(long id, QmpMessage message)
    {
        // An answer nobody waits for any more belongs to a command that was given up.
        if (_pending.TryGetValue(id, out QmpCall? waiting))
        {
            waiting.Answer(message);
        }
    }

    private void Fail(string reason, Exception? cause)
    {
        lock (_gate)
        {
            if (_failure is not null)
            {
                return;
            }
            Volatile.Write(ref _failure, new HypervisorException($"the control connection to {_instanceId} ended: {reason}", cause));
        }
        foreach (QmpCall waiting in _pending.Values)
        {
            waiting.Fail(_failure);
        }
    }

    // Checked after the command has been entered among the pending ones: whichever of the two sees the other first ends the call.
    private void ThrowIfFailed(string command)
    {
        if (HasFailed)
        {
            throw Failure(command);
        }
    }

    private HypervisorException Failure(string command) => new($"cannot send `{command}`: {_failure!.Message}", _failure);
}
