using FleetingPlugin.Contract;
using FleetingPlugin.Transcoding;
using Google.Protobuf;

namespace FleetingPlugin.Tests.Transcoding;

/// <summary>Remembers the last request and answers what it was told to.</summary>
internal sealed class RecordingService : ICanonicalService
{
    public IMessage? Request { get; private set; }

    public IMessage? Response { get; set; }

    public Task<InitResponse> InitAsync(InitRequest request, CancellationToken cancellationToken) => Answer<InitResponse>(request);

    public Task<UpdateResponse> UpdateAsync(UpdateRequest request, CancellationToken cancellationToken) => Answer<UpdateResponse>(request);

    public Task<IncreaseResponse> IncreaseAsync(IncreaseRequest request, CancellationToken cancellationToken) => Answer<IncreaseResponse>(request);

    public Task<DecreaseResponse> DecreaseAsync(DecreaseRequest request, CancellationToken cancellationToken) => Answer<DecreaseResponse>(request);

    public Task<ConnectInfoResponse> ConnectInfoAsync(ConnectInfoRequest request, CancellationToken cancellationToken) => Answer<ConnectInfoResponse>(request);

    public Task<HeartbeatResponse> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellationToken) => Answer<HeartbeatResponse>(request);

    public Task<SuspendResponse> SuspendAsync(SuspendRequest request, CancellationToken cancellationToken) => Answer<SuspendResponse>(request);

    public Task<ResumeResponse> ResumeAsync(ResumeRequest request, CancellationToken cancellationToken) => Answer<ResumeResponse>(request);

    public Task<ShutdownResponse> ShutdownAsync(ShutdownRequest request, CancellationToken cancellationToken) => Answer<ShutdownResponse>(request);

    private Task<T> Answer<T>(IMessage request)
        where T : IMessage, new()
    {
        Request = request;
        return Task.FromResult(Response is T told ? told : new T());
    }
}
