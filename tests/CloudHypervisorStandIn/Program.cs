using System.Runtime.InteropServices;
using CloudHypervisorStandIn;

const int SyntaxError = 2;
const int StartFailure = 1;
const int SmallBody = 51200;
const int LargeBody = 4 << 20;

StandInVersion version = StandInVersion.Read();
StandInOptions options;
try
{
    options = StandInOptions.Parse(args);
}
catch (FormatException e)
{
    Console.Error.WriteLine($"error: {e.Message}\n\nUsage: cloud-hypervisor [OPTIONS]\n\nFor more information, try '--help'.");
    return SyntaxError;
}
if (options.ShowVersion)
{
    Console.WriteLine($"cloud-hypervisor {version.Build}");
    if (options.Verbosity > 0)
    {
        Console.WriteLine("""Enabled features: ["io_uring", "kvm"]""");
    }
    return 0;
}
if (options.ApiSocket is null)
{
    Console.Error.WriteLine("error: this is Cloud Hypervisor's stand-in for tests: it needs --api-socket, and machines only come through the API or --restore");
    return SyntaxError;
}

Native.KeepFilesPrivate();
try
{
    using StandInLog log = StandInLog.Open(options.LogFile, options.Verbosity);
    using EventMonitor events = EventMonitor.Open(options.EventMonitor);
    log.Info($"{version.Build} starting");
    events.Emit("vmm", "starting");
    using var loop = new MainLoop();
    using var vmm = new Vmm(loop, events, log, version);
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, EndBySignal);
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, EndBySignal);
    ApiSocket socket = ApiSocket.Open(options.ApiSocket);
    using var server = new HttpServer(socket.Listener, version.HasValidationCodes ? LargeBody : SmallBody, new Api(loop, vmm, log, version).HandleAsync);
    if (options.Restore is { } restore)
    {
        // Before the first request: a ping is answered when it is over.
        loop.Post(() => RestoreFirst(restore, vmm, loop));
    }
    _ = server.RunAsync();
    int code = loop.Run();
    await server.FinishAsync();
    if (code == 0)
    {
        // A failure leaves the socket behind, as the real one does.
        socket.Dispose();
    }
    return code;

    void EndBySignal(PosixSignalContext context)
    {
        context.Cancel = true;
        loop.Post(vmm.End);
    }
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    return Fail([e.Message]);
}

static void RestoreFirst(string text, Vmm vmm, MainLoop loop)
{
    try
    {
        vmm.Restore(RestoreOption.Parse(text));
    }
    catch (Exception e) when (e is VmException or FormatException)
    {
        loop.End(Fail(["Error from API", "The VM could not be restored", .. e is VmException refused ? refused.Causes : [e.Message]]));
    }
}

static int Fail(IReadOnlyList<string> causes)
{
    Console.Error.WriteLine("Error: Cloud Hypervisor exited with the following chain of errors:");
    for (int i = 0; i < causes.Count; i++)
    {
        Console.Error.WriteLine($"  {i}: {causes[i]}");
    }
    return StartFailure;
}
