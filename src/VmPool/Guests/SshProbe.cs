using System.Net;
using System.Net.Sockets;
using VmPool.Ports;

namespace VmPool.Guests;

/// <summary>Watches a guest's SSH port.</summary>
public sealed class SshProbe(TimeProvider clock, int port = 22) : IGuestProbe
{
    private static readonly TimeSpan BannerTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly GuestPort _ssh = new(port, TimeSpan.FromMilliseconds(250), clock);

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
            await GuestPort.WhileRunningAsync(
                machine, Task.Delay(Pause, clock, cancellationToken), $"before its SSH port {address}:{_ssh.Number} answered");
        }
    }

    private async Task<bool> ConnectsAsync(IPAddress address, CancellationToken cancellationToken)
    {
        using Socket? socket = await _ssh.TryConnectAsync(address, cancellationToken);
        return socket is not null;
    }

    private async Task<bool> GreetsAsync(IPAddress address, CancellationToken cancellationToken)
    {
        using Socket? socket = await _ssh.TryConnectAsync(address, cancellationToken);
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
        catch (Exception e) when (GuestPort.IsNotYet(e, cancellationToken))
        {
            return false;
        }
        return greeting.AsSpan().SequenceEqual("SSH-"u8);
    }
}
