using System.Net.Sockets;
using VmmProcess;
using VmPool;

namespace Qemu;

/// <summary>
/// A machine's control connection for its whole life: opened when first needed and again after it has failed. QEMU serves
/// one client at a time and takes the next when one has gone.
/// </summary>
internal sealed class QmpLink(string directory, int pid, string instanceId, TimeProvider time, QmpConnection? current = null) : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private QmpConnection? _current = current;
    private bool _closed;

    /// <exception cref="HypervisorException">There is no listener, or it does not speak QMP.</exception>
    /// <exception cref="TimeoutException">It said nothing in time.</exception>
    internal async Task<QmpConnection> GetAsync(TimeSpan deadline, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_current is { HasFailed: false } usable)
            {
                return usable;
            }
            if (_current is { } failed)
            {
                _current = null;
                await failed.DisposeAsync();
            }
            Stream stream = await ConnectAsync(cancellationToken);
            return _current = await QmpConnection.OpenAsync(stream, instanceId, deadline, time, cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync();
        try
        {
            _closed = true;
            if (_current is { } connection)
            {
                _current = null;
                await connection.DisposeAsync();
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await MachineSocket.ConnectAsync(directory, MachineFiles.Socket, pid, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            throw new HypervisorException($"cannot reach the control socket of {instanceId}: {e.Message}", e);
        }
    }
}
