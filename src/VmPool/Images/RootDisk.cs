using System.Globalization;
using LinuxHost;
using VmPool.Storage;

namespace VmPool.Images;

/// <summary>What a root file system becomes: a disk to boot, its kernel and initial RAM disk.</summary>
internal sealed record RootFiles(string Directory)
{
    public string Disk => Path.Combine(Directory, "disk.raw");

    public string Kernel => Path.Combine(Directory, "vmlinuz");

    public string Initrd => Path.Combine(Directory, "initrd.img");

    /// <summary>Brings one file in, by sharing its blocks where that is possible.</summary>
    public static void Copy(string from, string to, CancellationToken cancellationToken)
    {
        if (!FileClone.TryReflink(from, to))
        {
            FileClone.CopySparse(from, to, cancellationToken);
        }
        // The hypervisor reads kernel and initial RAM disk as an unprivileged user.
        File.SetUnixFileMode(to, GuestFile.Readable);
    }
}

/// <summary>Makes the root file system that the preparation starts from; replaced in tests, which cannot install Debian.</summary>
internal interface IRootDiskBuilder
{
    /// <summary>Fills the existing empty directory with the files of <see cref="RootFiles"/>; works in <paramref name="scratch"/>.</summary>
    Task BuildAsync(ImageInputs inputs, RootFiles target, string scratch, BuildSteps steps, CancellationToken cancellationToken);
}

/// <summary>
/// Debian by mmdebstrap, which checks the signature of every package list with the one keyring it is given and the hash of
/// every package with the lists; then an ext4 file system without partitions, filled without mounting it.
/// </summary>
internal sealed class DebianRootDisk : IRootDiskBuilder
{
    private static readonly TimeSpan InstallDeadline = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan StepDeadline = TimeSpan.FromMinutes(10);

    public async Task BuildAsync(ImageInputs inputs, RootFiles target, string scratch, BuildSteps steps, CancellationToken cancellationToken)
    {
        Require();
        string root = Path.Combine(scratch, "root");
        await steps.RunAsync("fetch", $"mmdebstrap {inputs.Release} from {inputs.Sources[0].Uri}",
            () => InstallAsync(inputs, root, scratch, steps, cancellationToken), cancellationToken);
        await steps.RunAsync("configure", $"files and user {inputs.User}",
            () => ConfigureAsync(inputs, root, steps, cancellationToken), cancellationToken);
        await steps.RunAsync("disk", $"mke2fs, {inputs.DiskSizeGb} GiB",
            () => MakeDiskAsync(inputs, root, target, steps, cancellationToken), cancellationToken);
    }

    private static void Require()
    {
        HostProgram.Require("mmdebstrap", "mmdebstrap");
        HostProgram.Require("unshare", "util-linux");
        HostProgram.Require("mke2fs", "e2fsprogs");
        HostProgram.Require("genisoimage", "genisoimage");
        if (!File.Exists(Recipe.Keyring))
        {
            throw new HostRequirementException(
                $"Debian's package signatures cannot be checked: {Recipe.Keyring} is missing; install it with `apt-get install debian-archive-keyring`");
        }
    }

    private static async Task InstallAsync(ImageInputs inputs, string root, string scratch, BuildSteps steps, CancellationToken cancellationToken)
    {
        string early = Path.Combine(scratch, "before-packages");
        foreach (GuestFile file in GuestFiles.BeforePackages)
        {
            Write(early, file);
        }
        List<string> arguments =
        [
            "--mode=root", "--variant=apt", "--format=directory", "--architectures=amd64", $"--keyring={Recipe.Keyring}",
            // The lists stay: `apt-get install` must work in the first job as in the extra commands.
            "--skip=cleanup/apt/lists", "--aptopt=Acquire::Languages \"none\"",
            $"--setup-hook=sync-in \"{early}\" /",
            $"--include={string.Join(',', inputs.Packages)}",
            .. Recipe.PackageOptions.Select(option => "--dpkgopt=" + option),
            inputs.Release, root,
            .. inputs.Sources.Select(source => source.ToString()),
        ];
        await RunInOwnMountsAsync("mmdebstrap", arguments, Logged(steps, InstallDeadline), cancellationToken);
    }

    /// <summary>
    /// Runs a program whose mounts nobody else sees: they end with its last process, however that ends. In the host's own
    /// mount namespace a killed installation would leave /proc, /sys and /dev in the tree that is removed next.
    /// </summary>
    internal static Task<HostCommandResult> RunInOwnMountsAsync(
        string program, IReadOnlyList<string> arguments, HostCommandOptions options, CancellationToken cancellationToken)
        => HostCommand.RunAsync("unshare", ["--mount", "--propagation", "private", "--", program, .. arguments], options, cancellationToken);

    private static async Task ConfigureAsync(ImageInputs inputs, string root, BuildSteps steps, CancellationToken cancellationToken)
    {
        HostCommandOptions options = Logged(steps, StepDeadline);
        foreach (string key in Directory.GetFiles(Path.Combine(root, "etc/ssh"), "ssh_host_*"))
        {
            File.Delete(key);
        }
        foreach (GuestFile file in inputs.FilesAfterPackages)
        {
            Write(root, file);
        }
        foreach (string unit in Recipe.MaskedUnits)
        {
            Link(root, $"etc/systemd/system/{unit}", "/dev/null");
        }
        foreach (string generator in Recipe.MaskedGenerators)
        {
            Link(root, $"etc/systemd/system-generators/{generator}", "/dev/null");
        }
        Link(root, "etc/systemd/system/sysinit.target.wants/vmpool-network.service", "/etc/systemd/system/vmpool-network.service");
        Link(root, "etc/systemd/system/cloud-init.target.wants/cloud-init-local.service", "/etc/systemd/system/cloud-init-local.service");
        Link(root, $"etc/systemd/system/multi-user.target.wants/{TemplateFiles.AgentUnit}", $"/etc/systemd/system/{TemplateFiles.AgentUnit}");
        // What the masked generator would decide at each boot.
        Link(root, "etc/systemd/system/multi-user.target.wants/cloud-init.target", "/lib/systemd/system/cloud-init.target");

        // "*" and not "!": a password that matches nothing, which locks the password but not the account, PAM or not.
        await HostCommand.RunAsync("chroot",
            [root, "useradd", "--create-home", "--uid", LoginFiles.UserId.ToString(CultureInfo.InvariantCulture), "--user-group", "--groups", LoginFiles.Groups, "--shell", "/bin/bash", "--password", "*", inputs.User],
            options, cancellationToken);
        await HostCommand.RunAsync("chroot",
            [root, "install", "-d", "-m", "0700", "-o", inputs.User, "-g", inputs.User, $"/home/{inputs.User}/.ssh"], options, cancellationToken);
        if (inputs.Runner is { } runner)
        {
            string copy = Path.Combine(root, "usr/local/bin/gitlab-runner");
            File.Copy(runner.Path, copy, overwrite: true);
            File.SetUnixFileMode(copy, GuestFile.Executable);
        }
    }

    private static async Task MakeDiskAsync(ImageInputs inputs, string root, RootFiles target, BuildSteps steps, CancellationToken cancellationToken)
    {
        File.Copy(Newest(root, "vmlinuz-*"), target.Kernel);
        File.Copy(Newest(root, "initrd.img-*"), target.Initrd);
        await using (FileStream disk = File.Create(target.Disk))
        {
            disk.SetLength((long)inputs.DiskSizeGb << 30);
        }
        // No journal: after a crash the machine is thrown away, not repaired. The file reads as zeros, which mke2fs finds
        // out by its discard; so the inode tables count as zeroed and no clone has to do it in the background.
        await HostCommand.RunAsync("mke2fs",
            ["-q", "-t", "ext4", "-L", "root", "-m", "0", "-O", "^has_journal", "-E", "root_owner=0:0,discard", "-d", root, target.Disk],
            Logged(steps, StepDeadline), cancellationToken);
    }

    private static string Newest(string root, string pattern)
        => Directory.GetFiles(Path.Combine(root, "boot"), pattern).OrderDescending(StringComparer.Ordinal).FirstOrDefault()
            ?? throw new ImageBuildException($"the installed system has no /boot/{pattern}: the kernel package did not finish");

    private static HostCommandOptions Logged(BuildSteps steps, TimeSpan timeout) => new() { Timeout = timeout, Line = steps.Log.Write };

    private static void Write(string root, GuestFile file)
    {
        string path = Path.Combine(root, file.Path.TrimStart('/'));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        // A package may have left a link there (resolv.conf): it must be replaced, not followed out of the root.
        File.Delete(path);
        File.WriteAllText(path, file.Content);
        File.SetUnixFileMode(path, file.Mode);
    }

    private static void Link(string root, string path, string target)
    {
        string link = Path.Combine(root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        File.Delete(link);
        File.CreateSymbolicLink(link, target);
    }
}
