using GoPlugin;
using GoPlugin.Grpc;
using GoPlugin.Logging;
using GoPlugin.TestPlugin;
using Microsoft.Extensions.Logging;

if (!PluginEnvironment.IsServed(args))
{
    Console.Error.WriteLine("started without a host");
    return 1;
}

var options = new PluginServerOptions { Loggers = new HclogLoggerFactory(LogLevel.Trace) };
if (Environment.GetEnvironmentVariable("TEST_SHUTDOWN_FILE") is { } file)
{
    options = options with { OnShuttingDown = token => File.WriteAllTextAsync(file, "done", token) };
}

return await PluginServer.RunAsync(options, StartApplication);

// As slow as the test wants it, and with the fault it wants.
GrpcRouter StartApplication(int host)
{
    if (Environment.GetEnvironmentVariable("TEST_START_GATE") is { } gate)
    {
        SpinWait.SpinUntil(() => File.Exists(gate), TimeSpan.FromMinutes(1));
    }

    Console.Write(Environment.GetEnvironmentVariable("TEST_START_PRINT"));
    return Environment.GetEnvironmentVariable("TEST_START_FAULT") is { } fault
        ? throw new InvalidOperationException(fault)
        : TestServices.Create(options);
}
