// The only wiring of the product (docs/ARCHITECTURE.md). With arguments this is a person's command line; without, and with
// go-plugin's variables in the environment, gitlab-runner is the caller.
using FleetingPlugin.Cli;
using FleetingPlugin.Fleeting;
using GoPlugin;
using GoPlugin.Grpc;
using GoPlugin.Logging;
using Microsoft.Extensions.Logging;

if (!PluginEnvironment.IsServed(args))
{
    return args.Length == 0 ? CommandLine.Hint(Console.Error) : await Commands.RunAsync(args);
}

using var loggers = new HclogLoggerFactory(LogLevel.Debug);
await using var service = new FleetingService(new GroupOpener(loggers, TimeProvider.System));
GrpcRouter router = new GrpcRouter().Add(FleetingRoutes.Create(service));
return await PluginServer.RunAsync(
    new PluginServerOptions
    {
        Loggers = loggers,
        MapException = ErrorStatus.Of,
        OnShuttingDown = async ct => await service.ShutdownAsync(new(), ct),
    },
    router);
