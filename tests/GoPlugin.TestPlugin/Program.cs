using GoPlugin;
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

return await PluginServer.RunAsync(options, TestServices.Create(options));
