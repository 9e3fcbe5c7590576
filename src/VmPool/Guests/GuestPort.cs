using System.Net;
using System.Net.Sockets;
using VmPool.Ports;

namespace VmPool.Guests;

/// <summary>
/// One TCP port of guests that may not listen yet. A lost first packet costs a whole second in the kernel's own retry, so
/// connections are tried with a short timeout, and by the caller at once again.
/// </summary>
/// <param name="number">The port.</param>
/// <param name="patience">For one try.</param>
/// <param name="clock">Measures it.</param>
internal sealed class GuestPort(int number, TimeSpan patience, TimeProvider clock)
{
    /// <summary>The port.</summary>
    public int Number => number;

    /// <summary>One try; null when nobody answers yet.</summary>
    public async Task<Socket?> TryConnectAsync(IPAddress address, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var timeout = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await socket.ConnectAsync(address, number, either.Token);
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

    /// <summary>Refused, unreachable and silent all mean the same before the guest is up. The caller's deadline ends it.</summary>
    public static bool IsNotYet(Exception e, CancellationToken cancellationToken) =>
        e is SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    /// <summary>Waits for the task, which it does not look at, unless the machine ends first.</summary>
    /// <exception cref="HypervisorException">The machine ended; carries its exit code and last output.</exception>
    public static async Task WhileRunningAsync(IVirtualMachine machine, Task waiting, string when)
    {
        if (await Task.WhenAny(machine.Exited, waiting) != waiting)
        {
            VmExit exit = await machine.Exited;
            throw new HypervisorException(
                $"the virtual machine (pid {machine.Process.Pid}) ended {when}"
                + (exit.ExitCode is { } code ? $", exit code {code}" : "") + $"; last output: {exit.LastOutput}");
        }
    }
}
