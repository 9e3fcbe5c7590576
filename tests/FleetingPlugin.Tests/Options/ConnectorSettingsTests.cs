using System.Security.Cryptography;
using System.Text;
using FleetingPlugin.Contract;
using FleetingPlugin.Options;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace FleetingPlugin.Tests.Options;

public sealed class ConnectorSettingsTests
{
    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string OpenSshKey(string cipher) =>
        "-----BEGIN OPENSSH PRIVATE KEY-----\n"
        + Convert.ToBase64String([.. "openssh-key-v1\0"u8, 0, 0, 0, (byte)cipher.Length, .. Encoding.ASCII.GetBytes(cipher), 0, 0, 0, 0])
        + "\n-----END OPENSSH PRIVATE KEY-----\n";

    [Fact]
    public void Empty_fields_are_filled()
    {
        var effective = new ConnectorSettings().Effective("ci");
        Assert.Equal(("linux", "ssh", 22, "ci"), (effective.Os, effective.Protocol, effective.ProtocolPort, effective.Username));
        Assert.Contains(effective.Arch, (string[])["amd64", "arm64"]);
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero), (effective.Keepalive, effective.Timeout));
    }

    [Fact]
    public void What_the_operator_set_wins()
    {
        var settings = new ConnectorSettings
        {
            Os = "debian",
            Arch = "riscv64",
            Protocol = "ssh",
            ProtocolPort = 2222,
            Username = "ubuntu",
            Password = "secret",
            Keepalive = TimeSpan.FromSeconds(3),
            Timeout = TimeSpan.FromMinutes(1),
        };
        Assert.Equal(settings, settings.Effective("ci"));
    }

    [Fact]
    public void The_wire_message_is_taken_over_completely()
    {
        var settings = ConnectorSettings.From(new ConnectorConfig
        {
            Os = "linux",
            Arch = "amd64",
            Protocol = "ssh",
            ProtocolPort = 2222,
            Username = "u",
            Password = "p",
            Key = ByteString.CopyFromUtf8("k"),
            UseStaticCredentials = true,
            Keepalive = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)),
            Timeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(2)),
        });
        Assert.Equal(("linux", "amd64", "ssh", 2222, "u", "p"), (settings.Os, settings.Arch, settings.Protocol, settings.ProtocolPort, settings.Username, settings.Password));
        Assert.Equal("k", Encoding.UTF8.GetString(settings.Key.Span));
        Assert.True(settings.UseStaticCredentials);
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)), (settings.Keepalive, settings.Timeout));
        Assert.Equal(new ConnectorSettings(), ConnectorSettings.From(null));
        Assert.Equal(new ConnectorSettings(), ConnectorSettings.From(new ConnectorConfig()));
    }

    [Theory]
    [InlineData(false, false, true)]
    [InlineData(false, true, false)]
    [InlineData(true, false, false)]
    [InlineData(true, true, false)]
    public void Keys_are_created_only_when_the_operator_gave_none(bool isStatic, bool hasKey, bool creates) =>
        Assert.Equal(creates, new ConnectorSettings { UseStaticCredentials = isStatic, Key = hasKey ? Bytes("x") : default }.CreatesKeys);

    [Fact]
    public void Static_credentials_need_a_key_or_a_password()
    {
        Assert.StartsWith("connector_config.use_static_credentials = true: expected key_path or password", Assert.Single(new ConnectorSettings { UseStaticCredentials = true }.Faults()), StringComparison.Ordinal);
        Assert.Empty(new ConnectorSettings { UseStaticCredentials = true, Password = "p" }.Faults());
    }

    [Fact]
    public void Every_usual_private_key_format_is_recognised()
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        foreach (var pem in (string[])[ec.ExportPkcs8PrivateKeyPem(), ec.ExportECPrivateKeyPem(), rsa.ExportRSAPrivateKeyPem(), OpenSshKey("none")])
        {
            Assert.Empty(new ConnectorSettings { UseStaticCredentials = true, Key = Bytes(pem) }.Faults());
        }
    }

    [Fact]
    public void A_key_that_no_client_can_use_is_refused_without_showing_it()
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var encrypted = ec.ExportEncryptedPkcs8PrivateKeyPem("x", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1));
        (string Key, string Reason)[] cases =
        [
            (encrypted, "protected by a passphrase"),
            (OpenSshKey("aes256-ctr"), "protected by a passphrase"),
            ("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", "protected by a passphrase"),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", "damaged OpenSSH key"),
            (ec.ExportSubjectPublicKeyInfoPem(), "got a public key"),
            ("ssh-ed25519 AAAAC3Nz me@here", "name the file without .pub"),
            ("PuTTY-User-Key-File-3: ssh-ed25519", "puttygen"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA", "no complete PEM block"),
            ("nonsense", "no complete PEM block"),
            ("-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----", "got \"DSA PRIVATE KEY\""),
        ];
        foreach (var (key, reason) in cases)
        {
            var fault = Assert.Single(new ConnectorSettings { Key = Bytes(key) }.Faults());
            Assert.StartsWith("connector_config.key_path: expected an unencrypted private key in PEM", fault, StringComparison.Ordinal);
            Assert.Contains(reason, fault, StringComparison.Ordinal);
            Assert.DoesNotContain("AAAA", fault, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Values_without_sense_are_faults()
    {
        var faults = new ConnectorSettings { Protocol = "winrm", ProtocolPort = 70000, Username = "Ubuntu", Keepalive = -TimeSpan.FromSeconds(1), Timeout = -TimeSpan.FromSeconds(2) }.Faults();
        Assert.Equal(5, faults.Count);
        Assert.Contains("connector_config.timeout = \"-2s\": expected a duration that is not negative", faults);
    }

    [Fact]
    public void Secrets_stay_out_of_the_text_form()
    {
        var text = new ConnectorSettings { Password = "hunter2", Key = Bytes("private") }.ToString();
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        Assert.DoesNotContain("private", text, StringComparison.Ordinal);
    }
}
