using System.Text;
using GoPlugin.Grpc;
using Microsoft.Extensions.Logging;

namespace GoPlugin.Logging;

/// <summary>
/// Makes crashes visible. The runtime's own dump is plain text, which a host logs at debug, where nobody looks.
/// </summary>
public static class CrashReporter
{
    private const string Module = "crash";

    private static int _installed;

    /// <summary>Reports unhandled exceptions and unobserved task failures from now on. Further calls do nothing.</summary>
    public static void Install()
    {
        if (Interlocked.Exchange(ref _installed, 1) != 0)
        {
            return;
        }

        AppDomain.CurrentDomain.UnhandledException += (_, e) => ReportFatal(e.ExceptionObject as Exception);
        TaskScheduler.UnobservedTaskException += (_, e) =>
        {
            e.SetObserved();
            Write("a background task failed and nobody looked at its result", e.Exception);
        };
    }

    /// <summary>
    /// Writes one error entry, then a line that makes hosts from go-plugin 1.7.0 on show everything that follows, such as
    /// the runtime's dump, as errors.
    /// </summary>
    /// <param name="exception">What ends the process; null when it is not an exception of .NET.</param>
    public static void ReportFatal(Exception? exception)
    {
        Write("the plugin crashed", exception);
        var text = exception is null ? "unknown" : GrpcStatus.Describe(exception).ReplaceLineEndings(" ");
        HclogLoggerFactory.WriteToStandardError(Encoding.UTF8.GetBytes($"panic: {HclogLine.Shorten(text, 1000)}\n"));
    }

    private static void Write(string message, Exception? exception)
        => HclogLoggerFactory.WriteToStandardError(HclogLine.Format(
            new HclogEntry(TimeProvider.System.GetUtcNow(), LogLevel.Error, Module, message, null, exception?.ToString())).Span);
}
