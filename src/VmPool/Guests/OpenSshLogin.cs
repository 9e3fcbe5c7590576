using System.Globalization;
using LinuxHost;
using VmPool.Storage;

namespace VmPool.Guests;

/// <summary>
/// Logs in with OpenSSH's own client, which reads no configuration but what it is given here. Algorithms are those that Go's
/// client, the runner's, agrees on with the image's sshd: a login warms just the code that a job's login will need.
/// </summary>
public sealed class OpenSshLogin(int port) : IGuestLogin
{
    /// <inheritdoc/>
    public async Task<string> RunAsync(GuestAccess access, string command, string input, TimeSpan timeout, CancellationToken cancellationToken)
    {
        PrivateDirectory.Ensure(access.ScratchDirectory);
        try
        {
            string key = Path.Combine(access.ScratchDirectory, "key");
            string known = Path.Combine(access.ScratchDirectory, "known_hosts");
            string name = port == 22 ? $"{access.Address}" : string.Create(CultureInfo.InvariantCulture, $"[{access.Address}]:{port}");
            AtomicFile.Write(key, access.PrivateKeyPem);
            AtomicFile.Write(known, $"{name} {access.HostKey}\n");
            HostCommandResult result = await HostProgram.RunAsync(
                "ssh", "openssh-client", Arguments(access, key, known, command), new HostCommandOptions { Input = input, Timeout = timeout }, cancellationToken);
            return result.Output;
        }
        finally
        {
            Directory.Delete(access.ScratchDirectory, recursive: true);
        }
    }

    private IReadOnlyList<string> Arguments(GuestAccess access, string key, string known, string command) =>
    [
        "-F", "none", "-T", "-p", port.ToString(CultureInfo.InvariantCulture), "-i", key,
        "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "LogLevel=ERROR",
        "-o", $"UserKnownHostsFile={known}", "-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no",
        "-o", "HostKeyAlgorithms=ecdsa-sha2-nistp256", "-o", "KexAlgorithms=ecdh-sha2-nistp256,curve25519-sha256", "-o", "Ciphers=aes128-gcm@openssh.com",
        "-o", "PreferredAuthentications=publickey", "-o", "ConnectTimeout=20",
        $"{access.User}@{access.Address}", "--", command,
    ];
}
