namespace LinuxHost;

/// <summary>Finds programs in the clean PATH, never in the runner's.</summary>
public static class ProgramPath
{
    private const int Executable = 1;

    /// <summary>The absolute path of the program.</summary>
    /// <exception cref="HostResourceException">Not there or not executable; says where it was looked for.</exception>
    public static string Find(string program) =>
        TryFind(program) ?? throw new HostResourceException(
            program.Contains('/', StringComparison.Ordinal)
                ? $"program {program} not found or not executable: {Errno.Describe(ErrnoOf(program))}"
                : $"program {program} not found in {CleanEnvironment.Variables["PATH"]}: {Errno.Describe(Errno.NoEntry)}");

    /// <summary>The absolute path of the program, or null when there is none that may be executed.</summary>
    public static string? TryFind(string program)
    {
        ArgumentException.ThrowIfNullOrEmpty(program);
        IEnumerable<string> candidates = program.Contains('/', StringComparison.Ordinal)
            ? [Path.GetFullPath(program)]
            : CleanEnvironment.Variables["PATH"].Split(':').Select(directory => Path.Join(directory, program));
        return candidates.FirstOrDefault(path => File.Exists(path) && Libc.Access(path, Executable) == 0);
    }

    private static int ErrnoOf(string path) =>
        Libc.Access(path, Executable) == 0 ? Errno.AccessDenied : Libc.LastErrno;
}
