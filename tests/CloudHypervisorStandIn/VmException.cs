namespace CloudHypervisorStandIn;

/// <summary>A call was refused. The causes are the real one's words, outermost first, behind "Error from API" and the call's own line.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="causes">Outermost first.</param>
internal sealed class VmException(int status, params string[] causes) : Exception(string.Join(": ", causes))
{
    internal const string NoEntry = "No such file or directory (os error 2)";
    internal const string AccessDenied = "Permission denied (os error 13)";

    internal int Status => status;

    internal IReadOnlyList<string> Causes => causes;

    /// <summary>Most failures.</summary>
    internal static VmException Failed(params string[] causes) => new(500, causes);

    /// <summary>A device could not be made.</summary>
    internal static VmException Device(params string[] causes) => new(500, ["Error from device manager", .. causes]);

    /// <summary>The real one could, this one cannot: a test that needs it needs the real one.</summary>
    internal static VmException NotOffered(string what) => new(500, $"the stand-in does not offer {what}");

    /// <summary>The last cause for a failed open.</summary>
    internal static string Describe(Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => NoEntry,
        UnauthorizedAccessException => AccessDenied,
        _ => e.Message,
    };
}
