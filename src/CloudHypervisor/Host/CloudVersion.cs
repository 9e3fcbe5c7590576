using System.Text.RegularExpressions;
using LinuxHost;
using VmPool;

namespace CloudHypervisor;

/// <summary>The installed Cloud Hypervisor's version.</summary>
/// <param name="Number">For example 53.0.</param>
/// <param name="Build">All that the program says of itself: the same for the very same program only.</param>
internal sealed partial record CloudVersion(string Number, string Build)
{
    // The first with `resume` in vm.restore, disks that have come to rest in a paused machine, and no known hole that a guest could use.
    private static readonly Version Oldest = new(53, 0);

    // The first whose qcow2 layer has written everything when a machine stands, and whose discards and allocations lose nothing.
    private static readonly Version OldestWithQcow = new(54, 0);

    /// <summary>Formats of writable disks that it may be trusted with. Raw ones are better: there is nothing in them to interpret.</summary>
    internal IReadOnlyList<string> DiskFormats => Version.Parse(Number) >= OldestWithQcow ? ["raw", "qcow2"] : ["raw"];

    /// <exception cref="HostRequirementException">Not installed, too old or not Cloud Hypervisor.</exception>
    internal static async Task<CloudVersion> ReadAsync(string program, CancellationToken cancellationToken)
    {
        if (ProgramPath.TryFind(program) is null)
        {
            throw new HostRequirementException(
                $"{program} is not installed (or not executable); put the static binary of a release of github.com/cloud-hypervisor/cloud-hypervisor, v{Oldest} or newer, in /usr/local/bin");
        }
        string output;
        try
        {
            output = (await HostCommand.RunAsync(program, ["-V"], null, cancellationToken)).Output;
        }
        catch (HostCommandException e)
        {
            throw new HostRequirementException($"{program} is installed but does not work: {e.Message}", e);
        }
        return Parse(program, output);
    }

    internal static CloudVersion Parse(string program, string output)
    {
        Match match = Pattern().Match(output);
        if (!match.Success || !Version.TryParse(match.Groups["number"].Value, out Version? version))
        {
            throw new HostRequirementException($"`{program} -V` answers \"{output.Trim()}\", which is not Cloud Hypervisor's answer; is this the right program?");
        }
        string number = match.Groups["number"].Value;
        return version >= Oldest
            ? new CloudVersion(number, match.Groups["build"].Value)
            : throw new HostRequirementException(
                $"{program} has version {number}; {Oldest} or newer is needed (older ones lack what clones are made with, and have known security holes): install a newer release");
    }

    [GeneratedRegex(@"^(cloud-hypervisor )?(?<build>v?(?<number>\d+\.\d+(\.\d+)?)\S*)")]
    private static partial Regex Pattern();
}
