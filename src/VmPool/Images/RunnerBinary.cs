using LinuxHost;

namespace VmPool.Images;

/// <summary>The host's gitlab-runner program: jobs need it in the guest for artifacts and cache.</summary>
/// <param name="Path">Absolute path on the host.</param>
/// <param name="Version">All that <c>gitlab-runner --version</c> prints.</param>
internal sealed record RunnerBinary(string Path, string Version)
{
    /// <summary>Looks in the PATH of programs we start and then in our own; absent when there is none.</summary>
    /// <exception cref="HostCommandException">There is one, but it does not tell its version.</exception>
    public static async Task<RunnerBinary?> FindAsync(CancellationToken cancellationToken)
    {
        const string program = "gitlab-runner";
        string? path = ProgramPath.TryFind(program)
            ?? (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
                .Select(directory => ProgramPath.TryFind(System.IO.Path.Combine(System.IO.Path.GetFullPath(directory), program)))
                .FirstOrDefault(found => found is not null);
        if (path is null)
        {
            return null;
        }
        HostCommandResult result = await HostCommand.RunAsync(path, ["--version"], null, cancellationToken);
        return new RunnerBinary(path, result.Output.Trim());
    }
}
