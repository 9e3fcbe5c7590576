using LinuxHost;
using VmPool.Storage;

namespace VmPool.Tests.Storage;

public sealed class Sha512CryptTests
{
    [Theory]
    [InlineData("secret", "abcdefgh")]
    [InlineData("a password that is much longer than one block of sixty-four bytes, with ü and €", "0123456789./ABCD")]
    public async Task The_hash_is_the_one_openssl_computes(string password, string salt)
    {
        HostCommandResult expected = await HostCommand.RunAsync(
            "openssl", ["passwd", "-6", "-salt", salt, "-stdin"], new HostCommandOptions { Input = password + "\n" });

        Assert.Equal(expected.Output.Trim(), Sha512Crypt.Hash(password, salt));
    }

    [Fact]
    public void Every_hash_has_its_own_salt() => Assert.NotEqual(Sha512Crypt.Hash("secret"), Sha512Crypt.Hash("secret"));
}
