using System.Net;
using System.Net.Sockets;
using VmPool.Ports;

namespace VmPool.Guests;

/// <summary>
/// Watches a guest's SSH port. A lost first packet costs a whole second in the kernel's own retry, so connections are
/// tried with a short timeout and at once again.
/// </summary>
public sealed class SshProbe(TimeProvider clock, int port = 22) : IGuestProbe
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan BannerTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    public Task WaitForPortAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken) =>
        RepeatAsync(ct => ConnectsAsync(address, ct), address, machine, cancellationToken);

    /// <inheritdoc/>
    public Task WaitForBannerAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken) =>
        RepeatAsync(ct => GreetsAsync(address, ct), address, machine, cancellationToken);

    private async Task RepeatAsync(
        Func<CancellationToken, Task<bool>> attempt, IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await attempt(cancellationToken))
            {
                return;
            }
            Task pause = Task.Delay(Pause, clock, cancellationToken);
            if (await Task.WhenAny(machine.Exited, pause) == machine.Exited)
            {
                VmExit exit = await machine.Exited;
                throw new HypervisorException(
                    $"the virtual machine (pid {machine.Process.Pid}) ended before its SSH port {address}:{port} answered"
                    + (exit.ExitCode is { } code ? $", exit code {code}" : "") + $"; last output: {exit.LastOutput}");
            }
        }
    }

    private async Task<bool> ConnectsAsync(IPAddress address, CancellationToken cancellationToken)
    {
        using Socket? socket = await TryConnectAsync(address, cancellationToken);
        return socket is not null;
    }

    private async Task<bool> GreetsAsync(IPAddress address, CancellationToken cancellationToken)
    {
        using Socket? socket = await TryConnectAsync(address, cancellationToken);
        if (socket is null)
        {
            return false;
        }
        using var patience = new CancellationTokenSource(BannerTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        byte[] greeting = new byte[4];
        int length = 0;
        try
        {
            while (length < greeting.Length)
            {
                int read = await socket.ReceiveAsync(greeting.AsMemory(length), SocketFlags.None, either.Token);
                if (read == 0)
                {
                    return false;
                }
                length += read;
            }
        }
        catch (Exception e) when (IsNotYet(e, cancellationToken))
        {
            return false;
        }
        return greeting.AsSpan().SequenceEqual("SSH-"u8);
    }

    private async Task<Socket?> TryConnectAsync(IPAddress address, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using var patience = new CancellationTokenSource(ConnectTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await socket.ConnectAsync(address, port, either.Token);
            return socket;
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (IsNotYet(e, cancellationToken))
            {
                return null;
            }
            throw;
        }
    }

    // Refused, unreachable and silent all mean the same before the guest is up: not yet. The caller's deadline ends it.
    private static bool IsNotYet(Exception e, CancellationToken cancellationToken) =>
        e is SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
