using System.Text;

namespace GoPlugin.Grpc;

/// <summary>How a call ended: a code, and a text for the people on the other side.</summary>
/// <param name="Code">The code.</param>
/// <param name="Message">Any text; it is percent-encoded and shortened below 4 KB on the wire. Empty for none.</param>
public sealed record GrpcStatus(StatusCode Code, string Message)
{
    /// <summary>Success.</summary>
    public static GrpcStatus Ok { get; } = new(StatusCode.Ok, "");

    /// <summary>The default of the error funnel: code Unknown with the texts of the whole exception chain, "a: b: c".</summary>
    /// <param name="exception">What a handler threw.</param>
    public static GrpcStatus FromException(Exception exception) => new(StatusCode.Unknown, Describe(exception));

    /// <summary>The texts of an exception and all its causes, outermost first, joined by ": ".</summary>
    /// <param name="exception">The outermost exception.</param>
    public static string Describe(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        var text = new StringBuilder();
        Append(text, exception);
        return text.ToString();
    }

    private static void Append(StringBuilder text, Exception exception)
    {
        if (exception is AggregateException { InnerExceptions.Count: > 0 } several)
        {
            // Its own text only repeats its causes'.
            for (var i = 0; i < several.InnerExceptions.Count; i++)
            {
                text.Append(i == 0 ? "" : "; ");
                Append(text, several.InnerExceptions[i]);
            }

            return;
        }

        text.Append(exception.Message);
        // A layer that already quotes its cause needs no repetition.
        if (exception.InnerException is { } cause && !exception.Message.Contains(cause.Message, StringComparison.Ordinal))
        {
            text.Append(": ");
            Append(text, cause);
        }
    }
}
