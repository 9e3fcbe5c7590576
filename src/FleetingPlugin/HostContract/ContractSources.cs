using System.Globalization;

namespace FleetingPlugin.HostContract;

/// <summary>One place where a contract may be.</summary>
/// <param name="Name">For people: the variable or the process it comes from.</param>
/// <param name="Path">The file to read.</param>
/// <param name="IsOrdered">The operator named it, so its failure is an answer and not a reason to look elsewhere.</param>
internal sealed record ContractSource(string Name, string Path, bool IsOrdered = false);

/// <summary>Where to look, in order: what the operator named, the process that launched us, then its ancestors.</summary>
internal static class ContractSources
{
    public const string ContractVariable = "VMPOOL_CONTRACT";
    public const string ExecutableVariable = "VMPOOL_HOST_EXECUTABLE";

    /// <summary>Value of <see cref="ContractVariable"/> that asks for our own contract.</summary>
    public const string Builtin = "builtin";

    // Wrapper shells, sudo, a container's init.
    private const int MaxAncestors = 5;

    /// <summary>All sources.</summary>
    /// <param name="environment">Looks a variable up.</param>
    /// <param name="parent">Pid of the parent, taken at start: later it may be another process.</param>
    public static IEnumerable<ContractSource> InOrder(Func<string, string?> environment, int parent)
    {
        if (environment(ContractVariable) is { Length: > 0 } contract)
        {
            yield return new ContractSource(ContractVariable, contract, IsOrdered: true);
            yield break;
        }
        if (environment(ExecutableVariable) is { Length: > 0 } executable)
        {
            yield return new ContractSource(ExecutableVariable, executable);
        }
        int pid = parent;
        for (var generation = 0; generation <= MaxAncestors && pid > 0; generation++)
        {
            // Through the link, not to where it points: it leads to the running file even if that was replaced.
            yield return new ContractSource(
                generation == 0 ? $"parent process {pid} ({NameOf(pid)})" : $"ancestor process {pid} ({NameOf(pid)})",
                string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/exe"));
            pid = ParentOf(pid);
        }
    }

    /// <summary>Parent of a process by /proc; 0 when there is none or it is gone.</summary>
    public static int ParentOf(int pid)
    {
        try
        {
            string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            // The name in brackets may contain anything, also brackets: fields are counted from the last one.
            string[] fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields.Length > 1 && int.TryParse(fields[1], CultureInfo.InvariantCulture, out int parent) ? parent : 0;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static string NameOf(int pid)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/comm")).Trim();
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "unknown";
        }
    }
}
