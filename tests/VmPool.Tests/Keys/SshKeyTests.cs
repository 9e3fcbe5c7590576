using System.Security.Cryptography;
using LinuxHost;
using VmPool.Keys;

namespace VmPool.Tests.Keys;

public sealed class SshKeyTests
{
    [Fact]
    public async Task OpenSSH_derives_the_same_public_key_from_a_pair_of_ours()
    {
        SshKeyPair pair = SshKeyPair.Create();
        Assert.Equal(pair.PublicLine, await KeygenAsync(pair.PrivatePem));
        Assert.Equal(pair.PublicLine, SshPublicKey.FromPrivate(pair.PrivatePem));
    }

    [Theory]
    [InlineData("ed25519", "RFC4716", "")]
    [InlineData("ecdsa", "RFC4716", "384")]
    [InlineData("ecdsa", "PEM", "521")]
    [InlineData("rsa", "PEM", "2048")]
    [InlineData("rsa", "PKCS8", "2048")]
    [InlineData("ecdsa", "PKCS8", "256")]
    public async Task The_public_half_of_an_operators_key_is_found_in_every_format(string type, string format, string bits)
    {
        string path = Path.Combine(Path.GetTempPath(), "vmpool-key-" + Guid.NewGuid().ToString("N")[..8]);
        try
        {
            string[] size = bits.Length > 0 ? ["-b", bits] : [];
            await HostCommand.RunAsync("ssh-keygen", ["-q", "-t", type, .. size, "-m", format, "-N", "", "-C", "", "-f", path]);
            string expected = (await File.ReadAllTextAsync(path + ".pub")).Trim();
            Assert.Equal(expected, SshPublicKey.FromPrivate(await File.ReadAllTextAsync(path)));
        }
        finally
        {
            File.Delete(path);
            File.Delete(path + ".pub");
        }
    }

    [Fact]
    public void Encrypted_keys_and_other_text_are_refused_with_what_would_be_accepted()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string encrypted = key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));

        Assert.Contains("encrypted", Assert.Throws<FormatException>(() => SshPublicKey.FromPrivate(encrypted)).Message, StringComparison.Ordinal);
        Assert.Contains("not PEM", Assert.Throws<FormatException>(() => SshPublicKey.FromPrivate("hello")).Message, StringComparison.Ordinal);
    }

    private static async Task<string> KeygenAsync(string pem)
    {
        string path = Path.Combine(Path.GetTempPath(), "vmpool-key-" + Guid.NewGuid().ToString("N")[..8]);
        try
        {
            await using (var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                await file.WriteAsync(System.Text.Encoding.ASCII.GetBytes(pem));
            }
            return (await HostCommand.RunAsync("ssh-keygen", ["-y", "-f", path])).Output.Trim();
        }
        finally
        {
            File.Delete(path);
        }
    }
}
