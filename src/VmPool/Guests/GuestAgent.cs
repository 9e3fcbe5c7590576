using System.Net;
using System.Net.Sockets;
using System.Text;
using VmPool.Networking;
using VmPool.Ports;

namespace VmPool.Guests;

/// <summary>
/// Gives a fresh clone its identity: connects to the agent that was waiting when the template was frozen, sends one line,
/// reads one line. A booted guest of a prepared image gets it the same way, as soon as its agent listens.
/// </summary>
public sealed class GuestAgent(TimeProvider clock, int port = GuestNetwork.AgentPort) : IGuestAgent
{
    private const int LongestAnswer = 4096;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly GuestPort _agent = new(port, TimeSpan.FromMilliseconds(50), clock);

    /// <inheritdoc/>
    public async Task WaitAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken)
    {
        using Socket socket = await ConnectAsync(address, machine, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task IdentifyAsync(IPAddress address, IVirtualMachine machine, GuestIdentity identity, CancellationToken cancellationToken)
    {
        using Socket socket = await ConnectAsync(address, machine, cancellationToken);
        string answer;
        try
        {
            // The time last: what the guest is told is as old as the way to it.
            await socket.SendAsync(AgentCall.Encode(identity, clock.GetUtcNow()), SocketFlags.None, cancellationToken);
            answer = await ReadLineAsync(socket, machine, cancellationToken);
        }
        catch (SocketException e)
        {
            throw new HypervisorException($"the agent in the guest of {identity.InstanceId} ({address}:{_agent.Number}) broke the connection off: {e.Message}; last output: {machine.ReadLastOutput()}", e);
        }
        if (answer != "OK")
        {
            throw new HypervisorException($"the agent in the guest of {identity.InstanceId} did not confirm its identity but answered: {answer}");
        }
    }

    private async Task<Socket> ConnectAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await _agent.TryConnectAsync(address, cancellationToken) is { } socket)
            {
                return socket;
            }
            await GuestPort.WhileRunningAsync(machine, Task.Delay(Pause, clock, cancellationToken), $"before its agent {address}:{_agent.Number} answered");
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static async Task<string> ReadLineAsync(Socket socket, IVirtualMachine machine, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[LongestAnswer];
        int length = 0;
        while (length < buffer.Length)
        {
            Task<int> reading = socket.ReceiveAsync(buffer.AsMemory(length), SocketFlags.None, cancellationToken).AsTask();
            await GuestPort.WhileRunningAsync(machine, reading, "while its agent applied its identity");
            int read = await reading;
            length += read;
            if (read == 0 || buffer.AsSpan(0, length).Contains((byte)'\n'))
            {
                break;
            }
        }
        // A guest's text goes into our log: one line of it, nothing that a terminal would act on.
        string text = Encoding.UTF8.GetString(buffer, 0, length).Split('\n')[0];
        return text.Length == 0 ? "(nothing)" : string.Concat(text.Where(c => !char.IsControl(c)));
    }
}
