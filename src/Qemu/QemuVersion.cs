using System.Text.RegularExpressions;
using LinuxHost;
using VmPool;

namespace Qemu;

/// <summary>The installed QEMU's version.</summary>
/// <param name="Number">For example 7.2.22.</param>
/// <param name="Build">The number and what the distribution says about its build: the same for the very same program only.</param>
internal sealed partial record QemuVersion(string Number, string Build)
{
    // Older ones are not tested, and cannot make clones of a running machine as we do.
    private static readonly Version Oldest = new(7, 2);
    private static readonly Version FirstWithReadOnlyFiles = new(8, 2);

    /// <summary>
    /// Whether a guest's memory can be a private mapping of a file that QEMU may only read (`readonly=on,rom=off`). Older ones
    /// open the file for writing whatever they are told.
    /// </summary>
    internal bool MapsReadOnlyFiles => Version.Parse(Number) >= FirstWithReadOnlyFiles;

    /// <exception cref="HostRequirementException">Not installed, too old or not QEMU.</exception>
    internal static async Task<QemuVersion> ReadAsync(string program, CancellationToken cancellationToken)
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

    internal static QemuVersion Parse(string program, string output)
    {
        Match match = Pattern().Match(output);
        if (!match.Success || !Version.TryParse(match.Groups[2].Value, out Version? version))
        {
            throw new HostRequirementException($"`{program} --version` answers \"{output.Trim()}\", which is not QEMU's answer; is this the right program?");
        }
        string number = match.Groups[2].Value;
        return version >= Oldest
            ? new QemuVersion(number, match.Groups[1].Value.Trim())
            : throw new HostRequirementException($"{program} has version {number}; {Oldest} or newer is needed: install it from a newer release of the distribution");
    }

    [GeneratedRegex(@"^QEMU emulator version ((\d+\.\d+(\.\d+)?)[^\n]*)")]
    private static partial Regex Pattern();
}
