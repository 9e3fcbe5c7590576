namespace VmPool.Images;

/// <summary>One file written into the guest's root file system.</summary>
internal sealed record GuestFile(string Path, string Content, UnixFileMode Mode = GuestFile.Readable)
{
    public const UnixFileMode Readable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    public const UnixFileMode Executable =
        Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
}

/// <summary>The text of every file we put into the guest.</summary>
internal static class GuestFiles
{
    /// <summary>In place before the kernel is installed, so that its initial RAM disk is made small, and once.</summary>
    public static readonly IReadOnlyList<GuestFile> BeforePackages =
    [
        // Only what it takes to find the root disk; lz4 unpacks fastest.
        new("/etc/initramfs-tools/conf.d/vmpool", "MODULES=list\nCOMPRESS=lz4\nRESUME=none\n"),
        // virtio_net too: eth0 then exists before the first unit starts, and nothing has to wait for it.
        new("/etc/initramfs-tools/hooks/vmpool", """
            #!/bin/sh
            [ "$1" = prereqs ] && exit 0
            . /usr/share/initramfs-tools/hook-functions
            manual_add_modules virtio_pci virtio_blk virtio_net ext4

            """, GuestFile.Executable),
        .. TemplateFiles.InitialRamDisk,
    ];

    /// <summary>In place after all packages are installed.</summary>
    public static IReadOnlyList<GuestFile> AfterPackages(string user) =>
    [
        new("/etc/fstab", "/dev/vda / ext4 noatime,discard 0 0\n"),
        new("/etc/hostname", "localhost\n"),
        new("/etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"),
        new("/etc/machine-id", "", UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead),
        // The guest's resolver is its gateway; the slot passes it on to whatever resolver the host uses then.
        new("/etc/resolv.conf", "nameserver 10.255.255.1\nnameserver fd76:6d70:6f6f:6c00::1\n"),
        new("/etc/sysctl.d/50-vmpool.conf", "net.ipv6.conf.default.accept_ra=0\nnet.ipv6.conf.eth0.accept_ra=0\n"),
        new("/etc/sudoers.d/90-vmpool", $"{user} ALL=(ALL) NOPASSWD:ALL\n", UnixFileMode.UserRead | UnixFileMode.GroupRead),
        new("/etc/systemd/journald.conf.d/vmpool.conf", "[Journal]\nStorage=volatile\nAudit=no\n"),
        .. Network,
        .. CloudInit,
        .. LoginFiles.For(user),
        .. TemplateFiles.RootFileSystem,
    ];

    // One process instead of a network daemon: the addresses never change.
    private static readonly IReadOnlyList<GuestFile> Network =
    [
        new("/etc/vmpool/network4", """
            link set lo up
            link set eth0 up
            address replace 10.255.255.2/30 dev eth0
            route replace default via 10.255.255.1

            """),
        new("/etc/vmpool/network6", """
            address replace fd76:6d70:6f6f:6c00::2/64 dev eth0 nodad
            route replace default via fd76:6d70:6f6f:6c00::1

            """),
        new("/etc/systemd/system/vmpool-network.service", """
            [Unit]
            Description=Fixed addresses of this virtual machine
            DefaultDependencies=no
            After=systemd-sysctl.service
            Before=network.target network-online.target shutdown.target
            Wants=network.target
            Conflicts=shutdown.target

            [Service]
            Type=oneshot
            RemainAfterExit=yes
            ExecStart=/sbin/ip -4 -batch /etc/vmpool/network4
            ExecStart=/sbin/ip -6 -batch /etc/vmpool/network6

            [Install]
            WantedBy=sysinit.target

            """),
    ];

    private static readonly IReadOnlyList<GuestFile> CloudInit =
    [
        new("/etc/cloud/cloud.cfg.d/90_vmpool.cfg", """
            datasource_list: [NoCloud]
            network: {config: disabled}
            preserve_hostname: false
            manage_etc_hosts: false
            cloud_init_modules: [write-files]
            cloud_config_modules: []
            cloud_final_modules: [runcmd, scripts-user]

            """),
        // Debian's unit holds up sysinit.target, that is everything, until Python is done; only sshd has to wait for it.
        new("/etc/systemd/system/cloud-init-local.service", """
            [Unit]
            Description=Identity of this virtual machine (cloud-init)
            DefaultDependencies=no
            After=systemd-remount-fs.service
            Before=ssh.service multi-user.target shutdown.target
            Conflicts=shutdown.target
            RequiresMountsFor=/var/lib/cloud

            [Service]
            Type=oneshot
            RemainAfterExit=yes
            TimeoutSec=0
            # The installed script spends a quarter of its start-up on finding this very module.
            ExecStart=/usr/bin/python3 -m cloudinit.cmd.main init --local
            StandardOutput=journal+console

            [Install]
            WantedBy=cloud-init.target

            """),
        // By then a job may be running, which goes first.
        new("/etc/systemd/system/cloud-final.service.d/vmpool.conf", """
            [Service]
            Nice=19
            ExecStart=
            ExecStart=/usr/bin/python3 -m cloudinit.cmd.main modules --mode=final

            """),
    ];
}
