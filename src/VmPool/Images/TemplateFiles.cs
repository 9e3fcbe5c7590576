using System.Text;

namespace VmPool.Images;

/// <summary>What the guest needs when it is booted to become a template: files that do nothing in every other machine.</summary>
internal static class TemplateFiles
{
    /// <summary>Word on the kernel's command line that tells a machine that it is to become a template.</summary>
    public const string KernelWord = "vmpool.template";

    /// <summary>Program that ends the preparation of a template; its source says how it is called.</summary>
    public const string FreezeProgram = Directory + "/freeze";

    /// <summary>The agent's unit.</summary>
    public const string AgentUnit = "vmpool-agent.service";

    private const string Directory = "/usr/lib/vmpool";

    /// <summary>
    /// The kernel makes its boot id when somebody first asks for it and nothing can change it then. In a template it is never asked:
    /// from before udev until the freeze, everybody looks at another file that covers it. So each clone's kernel makes its own,
    /// which whoever was running already does not ask for. A service that had a /proc of its own would look past the cover, so
    /// there is none in a template.
    /// </summary>
    public static readonly IReadOnlyList<GuestFile> InitialRamDisk =
    [
        // Scripts that need nothing run in the order of their names. When udev has come first there is no cover, and the freeze refuses.
        new("/etc/initramfs-tools/scripts/init-top/00-vmpool", $"""
            #!/bin/sh
            [ "$1" = prereqs ] && exit 0
            [ -e /run/udev ] && exit 0
            read -r words </proc/cmdline
            case " $words " in
            *" {KernelWord} "*)
                mkdir /run/vmpool
                cat /proc/sys/kernel/random/uuid >/run/vmpool/boot_id
                mount -o bind /run/vmpool/boot_id /proc/sys/kernel/random/boot_id
                mkdir -p /run/systemd/system/service.d
                printf '%s\n' '[Service]' ProtectProc=default ProcSubset=all ProtectControlGroups=no ProtectKernelTunables=no >/run/systemd/system/service.d/vmpool.conf
                ;;
            esac

            """, GuestFile.Executable),
    ];

    /// <summary>The agent and the freeze.</summary>
    public static readonly IReadOnlyList<GuestFile> RootFileSystem =
    [
        new($"{Directory}/agent.py", Program("agent.py")),
        new($"{Directory}/identity.py", Program("identity.py")),
        new($"{Directory}/services.py", Program("services.py")),
        new($"{Directory}/engine.py", Program("engine.py")),
        new(FreezeProgram, Program("freeze.py"), GuestFile.Executable),
        new($"/etc/systemd/system/{AgentUnit}", $"""
            [Unit]
            Description=Waits for the identity of this clone
            ConditionKernelCommandLine={KernelWord}
            After=vmpool-network.service

            [Service]
            Type=notify
            # New clock and new name wake systemd and journald: after the answer is early enough.
            Nice=-20
            ExecStart=/usr/bin/python3 -I -S {Directory}/agent.py
            TimeoutStartSec=infinity

            [Install]
            WantedBy=multi-user.target

            """),
    ];

    private static string Program(string name)
    {
        using Stream source = typeof(TemplateFiles).Assembly.GetManifestResourceStream("Guest/" + name)
            ?? throw new InvalidOperationException($"the program was built without its resource Guest/{name}");
        using var reader = new StreamReader(source, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
