using FleetingPlugin.Contract;

namespace FleetingPlugin.Transcoding;

/// <summary>The service behind every contract, in the messages of proto/fleeting.proto.</summary>
internal interface ICanonicalService
{
    Task<InitResponse> InitAsync(InitRequest request, CancellationToken cancellationToken);

    Task<UpdateResponse> UpdateAsync(UpdateRequest request, CancellationToken cancellationToken);

    Task<IncreaseResponse> IncreaseAsync(IncreaseRequest request, CancellationToken cancellationToken);

    Task<DecreaseResponse> DecreaseAsync(DecreaseRequest request, CancellationToken cancellationToken);

    Task<ConnectInfoResponse> ConnectInfoAsync(ConnectInfoRequest request, CancellationToken cancellationToken);

    Task<HeartbeatResponse> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellationToken);

    Task<SuspendResponse> SuspendAsync(SuspendRequest request, CancellationToken cancellationToken);

    Task<ResumeResponse> ResumeAsync(ResumeRequest request, CancellationToken cancellationToken);

    Task<ShutdownResponse> ShutdownAsync(ShutdownRequest request, CancellationToken cancellationToken);
}
