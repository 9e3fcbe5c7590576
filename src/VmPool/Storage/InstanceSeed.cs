using VmPool.Images;
using VmPool.Ports;

namespace VmPool.Storage;

/// <summary>The user-data that turns a booting copy of the image into one instance.</summary>
internal static class InstanceSeed
{
    /// <summary>Where the image's sshd expects its only host key.</summary>
    public const string HostKeyPath = "/etc/ssh/ssh_host_ecdsa_key";

    // Only files: the user is in the image, the name comes from meta-data, so one cloud-init module does it all and sshd,
    // which is ordered after it, starts seconds earlier than with users-groups and ssh.
    public static string UserData(GuestIdentity identity) => CloudConfig.Write(json =>
    {
        string user = identity.User;
        json.WriteStartArray("write_files");
        CloudConfig.WriteFile(json, HostKeyPath, "root:root", "0600", identity.HostKeyPem.TrimEnd() + "\n");
        CloudConfig.WriteFile(json, HostKeyPath + ".pub", "root:root", "0644", identity.HostKeyPublic.TrimEnd() + "\n");
        CloudConfig.WriteFile(json, $"/home/{user}/.ssh/authorized_keys", $"{user}:{user}", "0600", identity.AuthorizedKey.TrimEnd() + "\n");
        CloudConfig.WriteFile(json, "/etc/hosts", "root:root", "0644",
            $"127.0.0.1 localhost\n127.0.1.1 {identity.HostName}\n::1 localhost ip6-localhost ip6-loopback\n");
        if (identity.Password is not null)
        {
            CloudConfig.WriteFile(json, "/etc/ssh/sshd_config.d/05-password.conf", "root:root", "0600", "PasswordAuthentication yes\n");
            CloudConfig.WriteFile(json, "/etc/pam.d/sshd", "root:root", "0644", LoginFiles.Pam("pam_unix.so"));
        }
        json.WriteEndArray();
        if (identity.Password is { } password)
        {
            json.WriteStartArray("cloud_init_modules");
            json.WriteStringValue("write-files");
            json.WriteStringValue("set-passwords");
            json.WriteEndArray();
            json.WriteStartObject("chpasswd");
            json.WriteBoolean("expire", false);
            json.WriteStartArray("users");
            json.WriteStartObject();
            json.WriteString("name", user);
            json.WriteString("password", Sha512Crypt.Hash(password));
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
    });
}
