namespace CloudHypervisorStandIn;

/// <summary>
/// Landlock itself is not applied: QEMU opens other files than the real one. But a path that the real one could not open
/// for lack of a rule is refused here too.
/// </summary>
internal static class LandlockPaths
{
    /// <exception cref="VmException">A rule names nothing.</exception>
    internal static void Check(VmConfig config, Func<string, int, VmException> refused)
    {
        foreach (LandlockRule rule in config.LandlockRules ?? [])
        {
            if (!Path.Exists(rule.Path))
            {
                throw refused($"Path \"{rule.Path}\" provided in landlock-rules does not exist", 400);
            }
        }
    }

    /// <summary>Whether the machine may use the path, which is none of those that its configuration permits by naming them.</summary>
    internal static bool Permit(VmConfig config, string path, char access) =>
        !config.LandlockEnable
        || (config.LandlockRules ?? []).Any(rule => rule.Access.Contains(access, StringComparison.Ordinal) && Covers(rule.Path, path));

    private static bool Covers(string rule, string path)
    {
        string above = Resolve(rule).TrimEnd('/');
        string target = Resolve(path);
        return target == above || target.StartsWith(above + '/', StringComparison.Ordinal);
    }

    // The kernel follows links on both sides: those in /sys/class/net lead elsewhere.
    private static string Resolve(string path) => Path.Exists(path)
        ? new DirectoryInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path)
        : path;
}
