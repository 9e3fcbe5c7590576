using Microsoft.Extensions.Logging;

namespace VmPool.Templates;

internal static partial class Log
{
    [LoggerMessage(EventName = "TemplateReady", Level = LogLevel.Information, Message = "template {Template} is ready after {Ms} ms: instances are clones of it")]
    public static partial void Ready(this ILogger logger, string template, long ms);

    [LoggerMessage(EventName = "TemplateWaiting", Level = LogLevel.Information, Message = "template {Template}: waiting for another process (pid {Pid}) that makes or checks it")]
    public static partial void Waiting(this ILogger logger, string template, int? pid);

    [LoggerMessage(EventName = "TemplateRejected", Level = LogLevel.Warning, Message = "template {Template} is made anew: {Reason}")]
    public static partial void Rejected(this ILogger logger, string template, string reason);

    [LoggerMessage(EventName = "TemplateFailed", Level = LogLevel.Warning, Message = "no template, so instances boot, which takes many times longer; next try in {Seconds} s: {Reason}")]
    public static partial void Failed(this ILogger logger, double seconds, string reason);

    [LoggerMessage(EventName = "TemplateOff", Level = LogLevel.Warning, Message = "instances boot, which takes many times longer than clones: {Reason}")]
    public static partial void Off(this ILogger logger, string reason);

    [LoggerMessage(EventName = "TemplateRemoved", Level = LogLevel.Information, Message = "template that nobody uses removed: {Path}")]
    public static partial void Removed(this ILogger logger, string path);

    [LoggerMessage(EventName = "TemplateNotRemoved", Level = LogLevel.Warning, Message = "a template nobody uses could not be removed: {Path}: {Reason}")]
    public static partial void NotRemoved(this ILogger logger, string path, string reason);

    [LoggerMessage(EventName = "TemplateNotNoted", Level = LogLevel.Warning, Message = "`status` will not know where the template stands: cannot write in {Path}: {Reason}")]
    public static partial void NotNoted(this ILogger logger, string path, string reason);
}
