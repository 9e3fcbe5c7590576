using System.Globalization;
using System.Text;
using System.Text.Json;
using VmPool.Storage;

namespace VmPool.Images;

/// <summary>
/// The guest's part of preparing an image, carried out by cloud-init's runcmd. Its output and its result come back on a
/// third disk, which the host reads while the guest writes: no network, no console, no login.
/// <code>
/// /dev/vdc   byte 0     result, one JSON object, padded with NUL to 4096 bytes
///            byte 4096  output of the commands, followed by NUL
/// </code>
/// </summary>
internal static class PrebuildScript
{
    /// <summary>Offset of the output.</summary>
    public const int OutputOffset = 4096;

    /// <summary>Size of the disk; output beyond it is dropped.</summary>
    public const long DiskBytes = 16 << 20;

    /// <summary>Precedes the output of each command; only these lines begin so.</summary>
    public const string CommandMark = "== command ";

    private const string Directory = "/run/vmpool";

    // Commands may leave background processes that keep the pipe open, so the end of the shell counts, not the end of file.
    private const string Relay = """
        import json, os, select, subprocess, time

        disk = os.open("/dev/vdc", os.O_RDWR)
        size = os.lseek(disk, 0, os.SEEK_END)
        position = 4096

        def report(**result):
            os.pwrite(disk, json.dumps(result).encode().ljust(4096, b"\0"), 0)
            os.fsync(disk)

        def relay(data):
            global position
            data = data.replace(b"\0", b"")[:size - position]
            os.pwrite(disk, data, position)
            os.fsync(disk)
            position += len(data)

        def run(script):
            environment = dict(os.environ, HOME="/root", DEBIAN_FRONTEND="noninteractive")
            shell = subprocess.Popen(["/bin/sh", script], cwd="/", env=environment, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            pipe = shell.stdout.fileno()
            os.set_blocking(pipe, False)
            open_end = True
            while True:
                ended = shell.poll() is not None
                readable = open_end and select.select([pipe], [], [], 0 if ended else 0.2)[0]
                data = os.read(pipe, 1 << 16) if readable else b""
                open_end = open_end and not (readable and not data)
                if data:
                    relay(data)
                elif ended:
                    return shell.returncode
                elif not open_end:
                    time.sleep(0.1)

        def step():
            try:
                return open("/run/vmpool/step").read().strip()
            except OSError:
                return ""

        report(state="running")
        code = run("/run/vmpool/commands.sh")
        if code != 0 or step() not in ("done", "last"):
            reached = open("/run/vmpool/number").read().strip()
            report(state="failed", command=int(reached), code=code)
        elif (code := run("/run/vmpool/seal.sh")) != 0:
            report(state="failed", command=0, code=code)
        else:
            report(state="sealed")
        os.sync()
        subprocess.run(["systemctl", "poweroff", "--force"])
        time.sleep(600)

        """;

    /// <summary>Our whole text that runs in the guest, without the operator's commands; an input of the image's hash.</summary>
    public static string Guest(string user) => Relay + Seal(user);

    /// <summary>The user-data of the preparation boot.</summary>
    public static string UserData(string user, IReadOnlyList<CloudInitCommand> commands) => CloudConfig.Write(json =>
    {
        json.WriteStartArray("write_files");
        CloudConfig.WriteFile(json, $"{Directory}/relay.py", "root:root", "0600", Relay);
        CloudConfig.WriteFile(json, $"{Directory}/commands.sh", "root:root", "0600", Commands(commands));
        CloudConfig.WriteFile(json, $"{Directory}/seal.sh", "root:root", "0600", Seal(user));
        json.WriteEndArray();
        json.WriteStartArray("runcmd");
        JsonSerializer.Serialize(json, ["python3", "-I", $"{Directory}/relay.py"], PrebuildJson.Default.StringArray);
        json.WriteEndArray();
    });

    // One shell for all, as cloud-init runs them: a variable or a directory set by one command holds for the next.
    private static string Commands(IReadOnlyList<CloudInitCommand> commands)
    {
        var script = new StringBuilder();
        script.Append("echo 0 >/run/vmpool/number\n");
        for (int i = 0; i < commands.Count; i++)
        {
            string step = i == commands.Count - 1 ? "last" : "more";
            script.Append(CultureInfo.InvariantCulture, $"echo {i + 1} >/run/vmpool/number; echo {step} >/run/vmpool/step; echo '{CommandMark}{i + 1}'\n");
            script.Append(commands[i].Shell).Append('\n');
            script.Append("vmpool_code=$?; [ $vmpool_code -eq 0 ] || exit $vmpool_code\n");
        }
        return script.Append("echo done >/run/vmpool/step\n").ToString();
    }

    // Nothing that two machines must not share, and nothing a job would only carry along.
    private static string Seal(string user) => $"""
        set -eu
        echo '== seal'
        if getent group docker >/dev/null; then usermod --append --groups docker {user}; fi
        rm -f /etc/ssh/ssh_host_* /home/{user}/.ssh/authorized_keys /root/.ssh/authorized_keys
        rm -f /root/.bash_history /home/{user}/.bash_history /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
        rm -rf /var/lib/cloud /var/cache/apt/archives/*.deb /tmp/* /var/tmp/*
        find /var/log -type f -exec truncate --size=0 '{"{}"}' +
        : >/etc/machine-id
        echo localhost >/etc/hostname
        sync
        fstrim / || true
        sync

        """;
}
