using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace GoPlugin;

/// <summary>Everything this server says.</summary>
internal static partial class Log
{
    // Debug: the caller gets the text as the call's status and logs it.
    [LoggerMessage(Level = LogLevel.Debug, Message = "call {Method} failed")]
    public static partial void CallFailed(ILogger logger, Exception exception, string method);

    [LoggerMessage(Level = LogLevel.Error, Message = "the exception mapper itself failed; the call is answered with status Unknown")]
    public static partial void MapperFailed(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "a TLS connection to the plugin's socket was refused")]
    public static partial void TlsRefused(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Debug, Message = "serving on {Socket} with application version {AppVersion}, AutoMTLS {AutoMtls}")]
    public static partial void Serving(ILogger logger, string socket, int appVersion, bool autoMtls);

    [LoggerMessage(Level = LogLevel.Information, Message = "signal {Signal} ignored: the host decides when the plugin ends")]
    public static partial void SignalIgnored(ILogger logger, PosixSignal signal);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the host process {HostPid} is gone; the plugin stops")]
    public static partial void HostGone(ILogger logger, string hostPid);

    [LoggerMessage(Level = LogLevel.Debug, Message = "the host asked the plugin to shut down")]
    public static partial void ShutdownRequested(ILogger logger);

    [LoggerMessage(Level = LogLevel.Error, Message = "work before shutdown failed")]
    public static partial void ShutdownWorkFailed(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "work before shutdown was not done within {Limit} and is abandoned")]
    public static partial void ShutdownWorkLate(ILogger logger, TimeSpan limit);

    [LoggerMessage(Level = LogLevel.Error, Message = "the plugin cannot start")]
    public static partial void StartFailed(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the socket directory {Directory} could not be removed")]
    public static partial void SocketDirectoryRemains(ILogger logger, Exception exception, string directory);
}
