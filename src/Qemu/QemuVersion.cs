using System.Text.RegularExpressions;
using LinuxHost;
using VmPool;

namespace Qemu;

/// <summary>The installed QEMU's version.</summary>
internal static partial class QemuVersion
{
    // Older ones are not tested, and cannot do what clones of a running machine will need.
    private static readonly Version Oldest = new(7, 2);

    /// <exception cref="HostRequirementException">Not installed, too old or not QEMU.</exception>
    internal static async Task<string> ReadAsync(string program, CancellationToken cancellationToken)
    {
        if (ProgramPath.TryFind(program) is null)
        {
            throw new HostRequirementException($"{program} is not installed (or not executable); install it: apt-get install qemu-system-x86");
        }
        string output;
        try
        {
            output = (await HostCommand.RunAsync(program, ["--version"], null, cancellationToken)).Output;
        }
        catch (HostCommandException e)
        {
            throw new HostRequirementException($"{program} is installed but does not work: {e.Message}", e);
        }
        return Parse(program, output);
    }

    internal static string Parse(string program, string output)
    {
        Match match = Pattern().Match(output);
        if (!match.Success)
        {
            throw new HostRequirementException($"`{program} --version` answers \"{output.Trim()}\", which is not QEMU's answer; is this the right program?");
        }
        string version = match.Groups[1].Value;
        return Version.Parse(version) >= Oldest
            ? version
            : throw new HostRequirementException($"{program} has version {version}; {Oldest} or newer is needed: install it from a newer release of the distribution");
    }

    [GeneratedRegex(@"^QEMU emulator version (\d+\.\d+(\.\d+)?)")]
    private static partial Regex Pattern();
}
