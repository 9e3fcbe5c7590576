namespace LinuxHost;

/// <summary>nftables through `nft`. A script is one transaction: it takes effect whole or not at all.</summary>
public static class Nft
{
    /// <summary>Applies a script atomically.</summary>
    /// <param name="script">nft syntax.</param>
    /// <param name="namespaceName">Where it applies; null for our own namespace.</param>
    /// <param name="cancellationToken">Ends the program.</param>
    /// <exception cref="HostResourceException">The kernel has no nftables.</exception>
    /// <exception cref="HostCommandException">The script was refused (nft's text names line and column), or nft is missing.</exception>
    public static Task ApplyAsync(string script, string? namespaceName = null, CancellationToken cancellationToken = default) =>
        RunAsync(["-f", "-"], script, namespaceName, cancellationToken);

    /// <summary>The table's text, or null when there is none.</summary>
    public static async Task<string?> ListTableAsync(
        string family, string table, string? namespaceName = null, CancellationToken cancellationToken = default)
    {
        try
        {
            return (await RunAsync(["list", "table", family, table], "", namespaceName, cancellationToken)).Output;
        }
        catch (HostCommandException e) when (e.ErrorOutput.Contains("No such file or directory", StringComparison.Ordinal))
        {
            return null;
        }
    }

    /// <summary>Deletes the table with all its rules; nothing happens when there is none.</summary>
    public static Task DeleteTableAsync(
        string family, string table, string? namespaceName = null, CancellationToken cancellationToken = default) =>
        // Declaring it first makes the deletion succeed in either case, in one transaction; "destroy" needs a newer kernel.
        ApplyAsync($"table {family} {table}\ndelete table {family} {table}\n", namespaceName, cancellationToken);

    /// <summary>Everything that is set up, of all families.</summary>
    public static async Task<string> ListRulesetAsync(string? namespaceName = null, CancellationToken cancellationToken = default) =>
        (await RunAsync(["list", "ruleset"], "", namespaceName, cancellationToken)).Output;

    /// <summary>Whether nft's message means that the kernel itself has no nftables.</summary>
    internal static bool SaysKernelLacksTables(string error) =>
        (error.Contains("Unable to initialize Netlink socket", StringComparison.Ordinal)
            || error.Contains("cache initialization failed", StringComparison.Ordinal))
        && !error.Contains("Operation not permitted", StringComparison.Ordinal);

    private static async Task<HostCommandResult> RunAsync(
        string[] arguments, string input, string? namespaceName, CancellationToken cancellationToken)
    {
        // nsenter enters the network namespace only: cheaper than `ip netns exec`, which also mounts a fresh /sys.
        (string program, string[] all) = namespaceName is null
            ? ("nft", arguments)
            : ("nsenter", [$"--net={NetworkNamespace.PathOf(namespaceName)}", "nft", .. arguments]);
        try
        {
            return await HostCommand.RunAsync(program, all, new HostCommandOptions { Input = input }, cancellationToken);
        }
        catch (HostCommandException e) when (SaysKernelLacksTables(e.ErrorOutput))
        {
            throw new HostResourceException(
                $"the kernel has no nftables (nft says: {e.ErrorOutput.Trim()}); load the module nf_tables or use a kernel with CONFIG_NF_TABLES", e);
        }
    }
}
