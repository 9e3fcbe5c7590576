using System.Globalization;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;

namespace GoPlugin.Grpc;

/// <summary>
/// Kestrel's application: turns an HTTP/2 request into a call, runs its method, and turns whatever came of it into a
/// status. This is the one place where exceptions of handlers end.
/// </summary>
internal sealed class GrpcDispatcher(IReadOnlyList<GrpcRouter> routers, GrpcDispatcherOptions options) : IHttpApplication<IFeatureCollection>
{
    private const string ContentType = "application/grpc";

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
        // Kestrel owns the features, and handlers' exceptions have been answered.
    }

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        if (RefuseAsHttp(request) is { } httpStatus)
        {
            response.StatusCode = httpStatus;
            return;
        }

        response.StatusCode = 200;
        response.Headers.ContentType = ContentType;
        var aborted = context.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;
        await ServeAsync(context, request, aborted);
    }

    private async Task ServeAsync(IFeatureCollection context, IHttpRequestFeature request, CancellationToken aborted)
    {
        var timeoutHeader = request.Headers.TryGetValue("grpc-timeout", out var value) ? value.ToString() : null;
        var timeout = Timeout.InfiniteTimeSpan;
        var isMalformed = timeoutHeader is not null && !GrpcTimeout.TryParse(timeoutHeader, out timeout);
        var hasDeadline = timeoutHeader is not null && !isMalformed;

        using var deadline = hasDeadline ? new CancellationTokenSource(timeout, options.Clock) : new CancellationTokenSource();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(aborted, options.Stopping, deadline.Token);
        var call = new GrpcCall(
            context, options.MaxMessageBytes, hasDeadline ? options.Clock.GetUtcNow() + timeout : null, options.Stopping);
        var status = isMalformed
            ? new GrpcStatus(StatusCode.Internal, $"the header grpc-timeout '{timeoutHeader}' is malformed")
            : await RunAsync(call, deadline.Token, aborted, ended.Token);
        try
        {
            // After an abort nothing may be written; the peer has forgotten the stream.
            if (!aborted.IsCancellationRequested)
            {
                await FinishAsync(context, call, status);
            }
        }
        catch (Exception) when (aborted.IsCancellationRequested)
        {
            // The peer went away between the check and the write: nobody is left to tell.
        }
        finally
        {
            call.AfterCompletion?.Invoke();
        }
    }

    private async Task<GrpcStatus> RunAsync(GrpcCall call, CancellationToken deadline, CancellationToken aborted, CancellationToken ended)
    {
        try
        {
            var method = await ResolveAsync(call.Path, ended);
            await method.ServeAsync(call, ended);
            return GrpcStatus.Ok;
        }
        catch (GrpcStatusException e)
        {
            return e.Status;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return new GrpcStatus(StatusCode.DeadlineExceeded, $"the deadline of the caller passed during {call.Path}");
        }
        catch (Exception) when (aborted.IsCancellationRequested)
        {
            // Not shown to anybody: the caller is gone.
            return new GrpcStatus(StatusCode.Cancelled, "the caller gave up");
        }
        catch (OperationCanceledException) when (options.Stopping.IsCancellationRequested)
        {
            return new GrpcStatus(StatusCode.Unavailable, "the plugin is shutting down");
        }
        catch (Exception e)
        {
            Log.CallFailed(options.Logger, e, call.Path);
            return Map(e);
        }
    }

    private async ValueTask<GrpcMethod> ResolveAsync(string path, CancellationToken cancellationToken)
    {
        // go-plugin's own services first: the application cannot shadow them by accident.
        foreach (var router in routers)
        {
            if (router.Find(path) is { } method)
            {
                return method;
            }
        }

        foreach (var router in routers)
        {
            if (router.Fallback is { } fallback && await fallback(path, cancellationToken) is { } method)
            {
                return method;
            }
        }

        throw new GrpcStatusException(StatusCode.Unimplemented, $"unknown method {path}");
    }

    private GrpcStatus Map(Exception exception)
    {
        try
        {
            return options.MapException(exception);
        }
        catch (Exception e)
        {
            Log.MapperFailed(options.Logger, e);
            return GrpcStatus.FromException(exception);
        }
    }

    private static async Task FinishAsync(IFeatureCollection context, GrpcCall call, GrpcStatus status)
    {
        var body = context.GetRequiredFeature<IHttpResponseBodyFeature>();
        var headers = context.GetRequiredFeature<IHttpResponseFeature>().Headers;
        if (status.Code == StatusCode.Unimplemented && !call.HasStarted)
        {
            headers["grpc-accept-encoding"] = "identity";
        }

        // An error before the first message is answered by headers alone; Kestrel makes one frame of them.
        var target = call.HasStarted || status.Code == StatusCode.Ok
            ? context.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers
            : headers;
        target["grpc-status"] = ((int)status.Code).ToString(CultureInfo.InvariantCulture);
        if (status.Message.Length > 0)
        {
            target["grpc-message"] = StatusMessage.Encode(status.Message);
        }

        await body.CompleteAsync();
    }

    private static int? RefuseAsHttp(IHttpRequestFeature request)
    {
        if (request.Method != "POST")
        {
            return 405;
        }

        var contentType = request.Headers.ContentType.ToString();
        var isGrpc = contentType.StartsWith(ContentType, StringComparison.Ordinal)
            && (contentType.Length == ContentType.Length || contentType[ContentType.Length] is '+' or ';');
        return isGrpc ? null : 415;
    }
}
