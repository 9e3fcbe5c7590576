namespace LinuxHost;

/// <summary>The kernel's sandbox for unprivileged processes (landlock(7)).</summary>
public static class Landlock
{
    // LANDLOCK_CREATE_RULESET_VERSION: asks only.
    private const uint AskVersion = 1;

    /// <summary>Version of its interface; 0 where the kernel has none or it was not switched on at boot.</summary>
    public static int Version()
    {
        long version = Libc.LandlockCreateRuleset(Libc.LandlockCreateRulesetNumber, 0, 0, AskVersion);
        return version > 0 ? (int)version : 0;
    }
}
