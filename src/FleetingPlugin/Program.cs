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
ILogger contractLog = loggers.CreateLogger("contract");
Func<ContractSearchResult> search = RunnersContract.Search(contractLog);
await using var service = new FleetingService(new GroupOpener(loggers, TimeProvider.System));
var options = new PluginServerOptions
{
    Loggers = loggers,
    MapException = ErrorStatus.Of,
    OnShuttingDown = async ct => await service.ShutdownAsync(new(), ct),
};
// The search runs beside the handshake; only application calls wait for it.
return await PluginServer.RunAsync(options, () => new GrpcRouter
{
    Fallback = ContractAdapter.Start(service, new BrokerCallback(options.Broker), search, contractLog).ResolveAsync,
});
