// The only wiring of the product (docs/ARCHITECTURE.md). With arguments this is a person's command line; without, and with
// go-plugin's variables in the environment, gitlab-runner is the caller.
using FleetingPlugin.Cli;
using FleetingPlugin.Fleeting;
using FleetingPlugin.HostContract;
using FleetingPlugin.Transcoding;
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
var options = new PluginServerOptions
{
    Loggers = loggers,
    MapException = ErrorStatus.Of,
    OnShuttingDown = async ct => await service.ShutdownAsync(new(), ct),
};
return await PluginServer.RunAsync(options, StartApplication);

// After the handshake. The search for the runner's contract goes on in the background; only application calls wait for it.
GrpcRouter StartApplication(int runner)
{
    ILogger log = loggers.CreateLogger("contract");
    var adapter = ContractAdapter.Start(service, new BrokerCallback(options.Broker), () => RunnersContract.Search(runner, log), log);
    return new GrpcRouter { Fallback = adapter.ResolveAsync };
}
