using LinuxHost;

namespace VmmProcess;

/// <summary>
/// Something about a program that is found out once for all who ask, and anew when an upgrade has put another file in its place:
/// a plugin may outlive many upgrades. A failure is not kept: what was missing may have been installed meanwhile.
/// </summary>
/// <typeparam name="T">What is found out.</typeparam>
/// <param name="program">Name or path of the program.</param>
/// <param name="inspect">Finds it out, and ends by its own deadlines.</param>
public sealed class SharedProbe<T>(string program, Func<Task<T>> inspect)
{
    private readonly Lock _gate = new();
    private FileStamp? _inspected;
    private Task<T>? _found;

    /// <summary>The answer for the program that is installed now; the first to ask waits for it.</summary>
    /// <exception cref="Exception">That of the inspection.</exception>
    public async Task<T> GetAsync(CancellationToken cancellationToken)
    {
        Task<T> found;
        lock (_gate)
        {
            // Looked at before the inspection: what replaces the program during it is noticed by the next who asks.
            FileStamp? installed = ProgramPath.TryFind(program) is { } path ? FileStamp.Of(path) : null;
            if (_found is null || _found.IsFaulted || installed != _inspected)
            {
                // Several callers share one run: none of them cancels it for the others.
                _inspected = installed;
                _found = inspect();
            }
            found = _found;
        }
        return await found.WaitAsync(cancellationToken);
    }
}
