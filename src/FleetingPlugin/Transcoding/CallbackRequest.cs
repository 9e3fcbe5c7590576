using FleetingPlugin.Binding;
using GoPlugin.Grpc;

namespace FleetingPlugin.Transcoding;

/// <summary>Reads the broker's number from the request of an Update that wants to be called back.</summary>
internal sealed class CallbackRequest
{
    private uint brokerId;

    /// <exception cref="GrpcStatusException">InvalidArgument: malformed, or without a number.</exception>
    public static uint BrokerIdOf(MethodBinding binding, ReadOnlyMemory<byte> request)
    {
        var read = new CallbackRequest();
        var fields = binding.Request.Fields
            .Select(bound => bound with { Field = bound.Field with { Set = (target, value) => ((CallbackRequest)target).brokerId = (uint)value } });
        try
        {
            RequestPlan.Compile(binding.Request with { Fields = [.. fields] }).Read(request.Span, read);
        }
        catch (InvalidRequestException e)
        {
            throw new GrpcStatusException(StatusCode.InvalidArgument, $"{binding.Wire.Name}: {e.Message}", e);
        }
        return read.brokerId != 0 ? read.brokerId : throw new GrpcStatusException(
            StatusCode.InvalidArgument, $"{binding.Wire.Name}: the request names no broker id to call back");
    }
}
