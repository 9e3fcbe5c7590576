using VmPool.Storage;

namespace VmPool.Images;

/// <summary>What a login over SSH is in a guest: every job begins with one, and docker-autoscaler opens one for each container call.</summary>
internal static class LoginFiles
{
    /// <summary>The user's number; its directory below /run/user and its service manager go by it.</summary>
    public const int UserId = 1000;

    /// <summary>Groups of the user beside its own: they may read the journal.</summary>
    public const string Groups = "adm,systemd-journal";

    public static IReadOnlyList<GuestFile> For(string user) =>
    [
        // Without the key sshd must not even try: its unit would fail and stay failed.
        new("/etc/systemd/system/ssh.service.d/vmpool.conf", """
            [Unit]
            Requires=cloud-init-local.service
            After=cloud-init-local.service vmpool-network.service

            """),
        // Post-quantum key exchange would cost a fifth of a clone's whole start and protects nothing on the way from the host. What
        // sshd has for Curve25519 is written for any processor, what it has for P-256 is made for this one.
        new("/etc/ssh/sshd_config.d/10-vmpool.conf", $"""
            HostKey {InstanceSeed.HostKeyPath}
            KexAlgorithms -sntrup*,mlkem*,curve25519*
            UsePAM yes
            UseDNS no
            MaxSessions 200
            MaxStartups 200
            PermitRootLogin no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PrintMotd no
            PrintLastLog no
            LogLevel ERROR
            Match User {user}
                SetEnv XDG_RUNTIME_DIR=/run/user/{UserId} DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/{UserId}/bus

            """),
        new("/etc/pam.d/sshd", Pam("pam_deny.so")),
        // For services without a file of their own, but every login of any service loads the modules that it names.
        new("/etc/pam.d/other", string.Concat(((string[])["auth", "account", "password", "session"]).Select(kind => $"{kind,-8} required pam_deny.so\n"))),
        new("/etc/default/locale", "LANG=C.UTF-8\n"),
        // The user's service manager runs from the start: no login has to start it, and none stops it.
        new($"/var/lib/systemd/linger/{user}", ""),
    ];

    /// <summary>
    /// Limits and environment, as in every Debian; no session of systemd-logind, no message of the day, no mail: they would
    /// double the time of a login. sshd checks keys itself; <paramref name="passwords"/> names the module that checks passwords.
    /// </summary>
    public static string Pam(string passwords) => $"""
        auth     required {passwords}
        account  required pam_permit.so
        password required pam_deny.so
        session  required pam_limits.so
        session  required pam_env.so
        session  required pam_env.so envfile=/etc/default/locale

        """;
}
