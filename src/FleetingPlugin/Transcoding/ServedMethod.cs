using FleetingPlugin.Binding;
using FleetingPlugin.Contract;
using Google.Protobuf;
using GoPlugin.Grpc;
using Microsoft.Extensions.Logging;

namespace FleetingPlugin.Transcoding;

/// <summary>Sends one encoded response message; the bytes are valid until it returns.</summary>
internal delegate Task SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);

/// <summary>One bound method: bytes of the found contract in, our service, bytes of the found contract out.</summary>
internal sealed class ServedMethod
{
    private readonly MethodBinding binding;
    private readonly string origin;
    private readonly CanonicalCall call;
    private readonly ICanonicalService service;
    private readonly PendingConfiguration pending;
    private readonly ILogger log;
    private readonly RequestPlan requests;
    private readonly ResponsePlan responses;

    public ServedMethod(MethodBinding binding, string origin, ICanonicalService service, PendingConfiguration pending, ILogger log)
    {
        (this.binding, this.origin, this.service, this.pending, this.log) = (binding, origin, service, pending, log);
        call = CanonicalCall.ByName[binding.Canonical.Name];
        requests = RequestPlan.Compile(binding.Request);
        responses = ResponsePlan.Compile(binding.Response, oneItem: binding.Shape != UpdateShape.Message);
    }

    /// <summary>One request, one response.</summary>
    public async Task<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        IMessage response = await RunAsync(request, cancellationToken);
        if (binding.IsIdentical)
        {
            return response.ToByteArray();
        }
        using BackwardWriter writer = Encode(response);
        return writer.Written.ToArray();
    }

    /// <summary>One request; the list as one message for each instance, or any other response as the only message of a stream.</summary>
    public async Task StreamAsync(ReadOnlyMemory<byte> request, SendAsync send, CancellationToken cancellationToken)
    {
        IMessage response = await RunAsync(request, cancellationToken);
        if (binding.Shape == UpdateShape.Stream)
        {
            await SendEachAsync((UpdateResponse)response, send, cancellationToken);
            return;
        }
        using BackwardWriter writer = Encode(response);
        await send(writer.Written, cancellationToken);
    }

    /// <summary>Each instance by a call of the host's service; the answer itself is empty.</summary>
    public async Task<ReadOnlyMemory<byte>> CallBackAsync(ReadOnlyMemory<byte> request, IHostCallback host, CancellationToken cancellationToken)
    {
        uint brokerId = CallbackRequest.BrokerIdOf(binding, request);
        IMessage response = await RunAsync(request, cancellationToken);
        using IHostChannel channel = await host.DialAsync(brokerId, cancellationToken);
        await SendEachAsync((UpdateResponse)response, (message, token) => channel.CallAsync(binding.CallbackPath!, message, token), cancellationToken);
        return ReadOnlyMemory<byte>.Empty;
    }

    private async Task SendEachAsync(UpdateResponse response, SendAsync send, CancellationToken cancellationToken)
    {
        using var writer = new BackwardWriter();
        foreach (Contract.Instance instance in response.Instances)
        {
            writer.Clear();
            responses.Write(writer, instance);
            await send(writer.Written, cancellationToken);
        }
    }

    private async Task<IMessage> RunAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (binding.Fatal.Count > 0)
        {
            throw new GrpcStatusException(StatusCode.FailedPrecondition,
                $"cannot serve {binding.Wire.Name}: {string.Join("; ", binding.Fatal.Select(gap => gap.Text))} (contract read from {origin}); `{BuildStamp.Product} contract` shows what is bound");
        }
        IMessage request = Decode(bytes);
        if (request is InitRequest init)
        {
            pending.PutInto(init);
        }
        // Nobody can be asked about without a name; an error would mean that the instance is sick.
        return request is HeartbeatRequest && !binding.Request.Has("id")
            ? new HeartbeatResponse()
            : await call.CallAsync(service, request, cancellationToken);
    }

    /// <summary>The request in our form.</summary>
    public IMessage Decode(ReadOnlyMemory<byte> bytes)
    {
        IMessage request = call.NewRequest();
        try
        {
            if (binding.IsIdentical)
            {
                request.MergeFrom(bytes.Span);
            }
            else
            {
                requests.Read(bytes.Span, request);
            }
            return request;
        }
        catch (Exception e) when (e is InvalidRequestException or InvalidProtocolBufferException)
        {
            throw new GrpcStatusException(StatusCode.InvalidArgument, $"{binding.Wire.Name}: {e.Message}", e);
        }
    }

    /// <summary>The response in the found contract's form; the caller disposes it.</summary>
    public BackwardWriter Encode(IMessage response)
    {
        var writer = new BackwardWriter();
        try
        {
            responses.Write(writer, response);
            (int done, string error) = CanonicalCall.Outcome(response);
            if (error.Length > 0 && !writer.HasError)
            {
                if (done == 0)
                {
                    throw new GrpcStatusException(StatusCode.ResourceExhausted, error);
                }
                log.PartialSuccess(binding.Wire.Name, done, error);
            }
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }
}
