using System.Globalization;

namespace CloudHypervisorStandIn;

/// <summary>
/// Which Cloud Hypervisor this is. STANDIN_VERSION in the environment says so, or else the file standin-version beside the
/// executable: the plugin starts hypervisors with an environment of its own.
/// </summary>
/// <param name="Build">As -V prints it: the tag, as `git describe` names it.</param>
internal sealed record StandInVersion(string Build)
{
    private const string Default = "v53.0";
    private const string FileName = "standin-version";
    private const int FirstWithValidationCodes = 54;
    private const int FirstWithNotFound = 53;

    /// <summary>As the crate is numbered: v53.0 is 53.0.0, v51.1 is 51.1.0.</summary>
    internal string Crate => $"{Build[1..]}.0";

    /// <summary>Answers 400 and 409 for what its validation refuses; earlier ones answer 500.</summary>
    internal bool HasValidationCodes => Major >= FirstWithValidationCodes;

    /// <summary>Answers 404 for a machine that was not created; earlier ones answer 500.</summary>
    internal bool HasNotFound => Major >= FirstWithNotFound;

    private int Major => int.Parse(Build.AsSpan(1, Build.IndexOf('.', StringComparison.Ordinal) - 1), CultureInfo.InvariantCulture);

    internal static StandInVersion Read()
    {
        string file = Path.Combine(Path.GetDirectoryName(Environment.ProcessPath)!, FileName);
        return new StandInVersion(
            Environment.GetEnvironmentVariable("STANDIN_VERSION")
            ?? (File.Exists(file) ? File.ReadAllText(file).Trim() : Default));
    }
}
