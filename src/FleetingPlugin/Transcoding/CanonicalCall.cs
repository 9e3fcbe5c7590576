using FleetingPlugin.Contract;
using Google.Protobuf;

namespace FleetingPlugin.Transcoding;

/// <summary>One method of ours as a call from message to message.</summary>
/// <param name="NewRequest">An empty request.</param>
/// <param name="CallAsync">The call.</param>
internal sealed record CanonicalCall(Func<IMessage> NewRequest, Func<ICanonicalService, IMessage, CancellationToken, Task<IMessage>> CallAsync)
{
    public static IReadOnlyDictionary<string, CanonicalCall> ByName { get; } = new Dictionary<string, CanonicalCall>
    {
        ["Init"] = new(() => new InitRequest(), async (s, m, ct) => await s.InitAsync((InitRequest)m, ct)),
        ["Update"] = new(() => new UpdateRequest(), async (s, m, ct) => await s.UpdateAsync((UpdateRequest)m, ct)),
        ["Increase"] = new(() => new IncreaseRequest(), async (s, m, ct) => await s.IncreaseAsync((IncreaseRequest)m, ct)),
        ["Decrease"] = new(() => new DecreaseRequest(), async (s, m, ct) => await s.DecreaseAsync((DecreaseRequest)m, ct)),
        ["ConnectInfo"] = new(() => new ConnectInfoRequest(), async (s, m, ct) => await s.ConnectInfoAsync((ConnectInfoRequest)m, ct)),
        ["Heartbeat"] = new(() => new HeartbeatRequest(), async (s, m, ct) => await s.HeartbeatAsync((HeartbeatRequest)m, ct)),
        ["Suspend"] = new(() => new SuspendRequest(), async (s, m, ct) => await s.SuspendAsync((SuspendRequest)m, ct)),
        ["Resume"] = new(() => new ResumeRequest(), async (s, m, ct) => await s.ResumeAsync((ResumeRequest)m, ct)),
        ["Shutdown"] = new(() => new ShutdownRequest(), async (s, m, ct) => await s.ShutdownAsync((ShutdownRequest)m, ct)),
    };

    /// <summary>What an answer says of a partial success: how much was done, and why not all.</summary>
    public static (int Done, string Error) Outcome(IMessage response) => response switch
    {
        IncreaseResponse m => (m.Succeeded, m.Error),
        DecreaseResponse m => (m.Succeeded.Count, m.Error),
        SuspendResponse m => (m.Succeeded.Count, m.Error),
        ResumeResponse m => (m.Succeeded.Count, m.Error),
        _ => (0, ""),
    };
}
