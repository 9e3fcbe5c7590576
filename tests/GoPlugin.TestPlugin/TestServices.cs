using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using GoPlugin.Grpc;
using Microsoft.Extensions.Logging;

namespace GoPlugin.TestPlugin;

/// <summary>Something to call, in messages every gRPC client knows.</summary>
public static class TestServices
{
    public const string Name = "test.Plugin";

    public static GrpcRouter Create(PluginServerOptions options) => new GrpcRouter
    {
        Fallback = (path, _) => ValueTask.FromResult(path == "/late.Service/Method"
            ? GrpcMethod.Unary((request, _, _) => Task.FromResult(request))
            : null),
    }.Add(new GrpcService(Name)
        .Unary<BytesValue, BytesValue>("Echo", (request, _, _) => Task.FromResult(request))
        .Unary<StringValue, StringValue>("Fail", (request, _, _) => throw new InvalidOperationException(
            "outer", new IOException(request.Value)))
        .Unary<StringValue, StringValue>("Refuse", (request, _, _) => throw new GrpcStatusException(StatusCode.FailedPrecondition, request.Value))
        .Unary<Empty, Empty>("Sleep", async (_, _, cancellationToken) =>
        {
            Interlocked.Increment(ref _sleeping);
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref _sleeping);
            }

            return new Empty();
        })
        .ServerStreaming<Int32Value>("Count", async (request, call, cancellationToken) =>
        {
            for (var i = 1; i <= request.Value; i++)
            {
                await call.WriteAsync(new Int32Value { Value = i }, cancellationToken);
            }

            if (request.Value > 2)
            {
                throw new InvalidOperationException("counted too far");
            }
        })
        .Method("Chat", GrpcMethod.Streaming(async (call, cancellationToken) =>
        {
            await call.StartAsync(cancellationToken);
            while (await call.ReadAsync(cancellationToken) is { } message)
            {
                await call.WriteAsync(message, cancellationToken);
            }
        }))
        .Unary<StringValue, Empty>("Print", (request, _, _) =>
        {
            Console.WriteLine(request.Value);
            return Task.FromResult(new Empty());
        })
        .Unary<StringValue, Empty>("PrintRaw", (request, _, _) =>
        {
            // Past Console.Out, as native code would.
            using var raw = Console.OpenStandardOutput();
            raw.Write(System.Text.Encoding.UTF8.GetBytes(request.Value));
            return Task.FromResult(new Empty());
        })
        .Unary<StringValue, Empty>("LogAt", (request, _, _) =>
        {
            var logger = options.Loggers!.CreateLogger("test");
            var level = System.Enum.Parse<LogLevel>(request.Value);
            TestLog.Said(logger, level, level);
            return Task.FromResult(new Empty());
        })
        .Unary<Empty, Empty>("Crash", (_, _, _) =>
        {
            var thread = new Thread(() => throw new InvalidOperationException("crashed on purpose"));
            thread.Start();
            thread.Join();
            return Task.FromResult(new Empty());
        })
        .Unary<UInt32Value, StringValue>("DialBack", async (request, _, cancellationToken) =>
        {
            using var channel = await options.Broker.DialAsync(request.Value, cancellationToken);
            return await channel.CallAsync<StringValue, StringValue>(
                "/test.Host/Greet", new StringValue { Value = "plugin" }, TimeSpan.FromSeconds(30), cancellationToken);
        })
        .Unary<Empty, StringValue>("Pid", (_, _, _) => Task.FromResult(new StringValue
        {
            Value = Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
        })));

    /// <summary>How many Sleep handlers are running.</summary>
    public static int Sleeping => Volatile.Read(ref _sleeping);

    private static int _sleeping;
}

internal static partial class TestLog
{
    [LoggerMessage(Message = "said at {Level}")]
    public static partial void Said(ILogger logger, LogLevel severity, LogLevel level);
}
