namespace VmPool.Images;

/// <summary>
/// What every image of ours contains before an operator adds to it. All of it is an input of the image's hash, and
/// <see cref="Version"/> stands for everything that is done in code.
/// </summary>
internal static class Recipe
{
    /// <summary>Raised whenever the code of a stage changes what comes out.</summary>
    public const string Version = "1";

    public const string Keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

    /// <summary>
    /// eth0 keeps its name, because the fixed addresses are configured on it. A quiet console saves a tenth of an emulated
    /// boot; errors and panics are still printed. The timer's check is wrong on an emulated machine of a busy host: the kernel
    /// then panics ("IO-APIC + timer doesn't work").
    /// <para>
    /// Security modules are those that need no policy. Nothing here has an AppArmor profile, and dockerd wants to compile one where the
    /// kernel asks for it; but with AppArmor merely switched off Debian's kernel takes SELinux in its place, which then has no policy
    /// and is asked for every file all the same. Auditing is not switched off here, but by journald: a kernel without it
    /// calls modprobe for every program that opens its socket, six times for each login and four for each sudo.
    /// </para>
    /// </summary>
    public const string KernelCommandLine =
        "root=/dev/vda rootfstype=ext4 rw fsck.mode=skip net.ifnames=0 lsm=landlock,lockdown,yama no_timer_check quiet loglevel=4 systemd.show_status=error";

    /// <summary>Installed without recommended packages, beside the essential ones and apt.</summary>
    public static readonly IReadOnlyList<string> Packages =
    [
        "build-essential", "ca-certificates", "cloud-init", "curl", "dbus", "dbus-user-session", "e2fsprogs", "file", "git", "git-lfs", "gnupg",
        "initramfs-tools", "iproute2", "iputils-ping", "kmod", "less", "libpam-systemd", "linux-image-cloud-amd64", "lz4", "netbase",
        "openssh-client", "openssh-server", "procps", "python3", "rsync", "sudo", "systemd-sysv", "udev", "unzip", "wget", "xz-utils",
    ];

    /// <summary>What image.docker adds.</summary>
    public static IReadOnlyList<string> DockerPackages(string release) =>
        // Until bookworm the client was in the engine's package.
        release == "bookworm" ? ["docker.io", "iptables"] : ["docker.io", "docker-cli", "iptables"];

    /// <summary>Files that dpkg leaves out; copyright files stay, as their licences ask.</summary>
    public static readonly IReadOnlyList<string> PackageOptions =
    [
        "force-unsafe-io", "path-exclude=/usr/share/man/*", "path-exclude=/usr/share/doc/*",
        "path-include=/usr/share/doc/*/copyright", "path-exclude=/usr/share/locale/*",
    ];

    /// <summary>
    /// Units that only cost time in a machine that lives for one job: consoles nobody logs in on, housekeeping by the
    /// calendar, and the stages of cloud-init that have nothing to do (all our work is in the local and the final one) or
    /// keep them in one process, which does not pay for two. A /tmp in memory would take a job's memory for what it thinks is disk.
    /// </summary>
    public static readonly IReadOnlyList<string> MaskedUnits =
    [
        "apt-daily.timer", "apt-daily-upgrade.timer", "cloud-config.service", "cloud-init.service", "cloud-init-hotplugd.socket",
        "cloud-init-main.service", "cloud-init-network.service",
        "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer", "getty@tty1.service",
        "serial-getty@.service", "systemd-networkd-wait-online.service", "systemd-pstore.service", "systemd-timesyncd.service",
        "systemd-tmpfiles-clean.timer", "tmp.mount",
    ];

    /// <summary>Generators that look for what a machine of ours cannot have; each is a process in the first second of the boot.</summary>
    public static readonly IReadOnlyList<string> MaskedGenerators =
    [
        "cloud-init-generator", "systemd-bless-boot-generator", "systemd-cryptsetup-generator", "systemd-getty-generator",
        "systemd-gpt-auto-generator", "systemd-hibernate-resume-generator", "systemd-integritysetup-generator",
        "systemd-rc-local-generator", "systemd-system-update-generator", "systemd-veritysetup-generator",
    ];
}
