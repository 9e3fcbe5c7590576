using LinuxHost;

namespace VmPool.Storage;

/// <summary>Runs a tool of the host that an operator may not have installed yet.</summary>
internal static class HostProgram
{
    /// <exception cref="HostRequirementException">The tool is missing; names the Debian package.</exception>
    /// <exception cref="HostCommandException">It failed; carries its last output.</exception>
    public static Task<HostCommandResult> RunAsync(
        string program, string package, IReadOnlyList<string> arguments, HostCommandOptions? options, CancellationToken cancellationToken)
    {
        Require(program, package);
        return HostCommand.RunAsync(program, arguments, options, cancellationToken);
    }

    /// <exception cref="HostRequirementException">The tool is missing; names the Debian package.</exception>
    public static void Require(string program, string package)
    {
        if (ProgramPath.TryFind(program) is null)
        {
            throw new HostRequirementException($"the program {program} is not installed; install it with `apt-get install {package}`");
        }
    }
}
