using System.Text.Json;

namespace Qemu;

/// <summary>
/// One command on its way. It is over with its answer or, where its work goes on behind the answer, with the event that
/// says so. Only events behind the answer count: one that QEMU sent before it belongs to an earlier command.
/// </summary>
/// <param name="command">QMP's name of it.</param>
/// <param name="isLast">Recognizes the event that ends it; absent when the answer does.</param>
internal sealed class QmpCall(string command, Func<QmpEvent, bool>? isLast)
{
    private readonly TaskCompletionSource<JsonElement> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isAnswered;

    internal string Command => command;

    /// <summary>The answer's value, or the data of the event.</summary>
    internal Task<JsonElement> Result => _result.Task;

    /// <summary>What it is waited for, for messages.</summary>
    internal string Awaited => _isAnswered ? "finish" : "answer";

    /// <summary>Called by the connection's reader alone, as is <see cref="Observe"/>.</summary>
    internal void Answer(QmpMessage message)
    {
        _isAnswered = true;
        if (message is QmpError error)
        {
            _result.TrySetException(new QmpException(command, error.Class, error.Description));
        }
        else if (message is QmpReturn success && isLast is null)
        {
            _result.TrySetResult(success.Value);
        }
    }

    internal void Observe(QmpEvent happened)
    {
        if (_isAnswered && isLast?.Invoke(happened) == true)
        {
            _result.TrySetResult(happened.Data);
        }
    }

    internal void Fail(Exception reason) => _result.TrySetException(reason);
}
