using System.Globalization;
using System.Net;
using System.Net.Sockets;
using GoPlugin.Grpc;
using GoPlugin.Protocol;
using GoPlugin.Security;

namespace GoPlugin;

/// <summary>
/// go-plugin's broker, plain mode, dialling side: the host serves something under a number it passes in an application
/// message, announces the address beside it, and the plugin connects to that. Announcement and dial may come in either
/// order and wait five seconds for each other.
/// </summary>
public sealed class GrpcBroker
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<uint, Meeting> _meetings = [];
    private TimeProvider _clock = TimeProvider.System;
    private AutoMtls? _mtls;

    /// <summary>Connects to what the host serves under a number.</summary>
    /// <param name="id">The number from the application's message.</param>
    /// <param name="cancellationToken">Ends the wait for the announcement.</param>
    /// <returns>A channel; the caller disposes it. The connection itself is made by the first call.</returns>
    /// <exception cref="TimeoutException">The host announced nothing under this number within five seconds.</exception>
    /// <exception cref="NotSupportedException">The host announced a kind of network other than unix and tcp.</exception>
    public async Task<GrpcChannel> DialAsync(uint id, CancellationToken cancellationToken)
    {
        var meeting = Meet(id);
        try
        {
            var announced = await meeting.Announced.Task.WaitAsync(Patience, _clock, cancellationToken);
            return new GrpcChannel(EndPointOf(announced), _mtls, _clock);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"the host announced no address for broker id {id} within {Patience.TotalSeconds} s", e);
        }
        finally
        {
            Forget(id, meeting);
        }
    }

    internal void Attach(AutoMtls? mtls, TimeProvider clock)
    {
        _mtls = mtls;
        _clock = clock;
    }

    internal void Announce(ConnInfo announced)
    {
        // Knocks belong to multiplexing, which the handshake has refused.
        if (announced.Knock is not null)
        {
            return;
        }

        if (!Meet(announced.ServiceId).Announced.TrySetResult(announced))
        {
            // Announced again before anybody dialled: the newer address counts.
            Forget(announced.ServiceId, null);
            Meet(announced.ServiceId).Announced.TrySetResult(announced);
        }
    }

    internal int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _meetings.Count;
            }
        }
    }

    private Meeting Meet(uint id)
    {
        lock (_lock)
        {
            if (!_meetings.TryGetValue(id, out var meeting))
            {
                meeting = new Meeting();
                _meetings.Add(id, meeting);
                meeting.Expiry = _clock.CreateTimer(_ => Forget(id, meeting), null, Patience, Timeout.InfiniteTimeSpan);
            }

            return meeting;
        }
    }

    private void Forget(uint id, Meeting? which)
    {
        lock (_lock)
        {
            if (_meetings.TryGetValue(id, out var meeting) && (which is null || which == meeting))
            {
                _meetings.Remove(id);
                meeting.Expiry?.Dispose();
            }
        }
    }

    private static EndPoint EndPointOf(ConnInfo announced) => announced.Network switch
    {
        "unix" => new UnixDomainSocketEndPoint(announced.Address),
        "tcp" when announced.Address.LastIndexOf(':') is var colon and > 0 => new DnsEndPoint(
            announced.Address[..colon].Trim('[', ']'), int.Parse(announced.Address.AsSpan(colon + 1), CultureInfo.InvariantCulture)),
        _ => throw new NotSupportedException(
            $"the host announced broker id {announced.ServiceId} at '{announced.Address}' of network '{announced.Network}'; known are unix and tcp (host:port)"),
    };

    private sealed class Meeting
    {
        public TaskCompletionSource<ConnInfo> Announced { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ITimer? Expiry { get; set; }
    }
}
