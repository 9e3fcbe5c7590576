using System.Security.Cryptography;
using System.Text;

namespace FleetingPlugin.Options;

/// <summary>Recognises private keys that an SSH client can use without asking for anything.</summary>
internal static class PrivateKeyPem
{
    private const string Expected = "expected an unencrypted private key in PEM (PKCS#8, SEC1, RSA or OpenSSH format)";

    // Header of OpenSSH's own format (PROTOCOL.key in its sources): magic, then the cipher's name as a length-prefixed string.
    private static ReadOnlySpan<byte> OpenSshUnencrypted => "openssh-key-v1\0\0\0\0\x04none"u8;

    private static ReadOnlySpan<byte> OpenSshMagic => "openssh-key-v1\0"u8;

    /// <summary>What speaks against the content of key_path; null when nothing does. Never shows any of it.</summary>
    public static string? Objection(ReadOnlySpan<byte> content)
    {
        var text = Encoding.UTF8.GetString(content);
        if (!PemEncoding.TryFind(text, out var pem))
        {
            return text.StartsWith("ssh-", StringComparison.Ordinal) || text.StartsWith("ecdsa-", StringComparison.Ordinal) ? $"{Expected}, got a public key; name the file without .pub"
                : text.StartsWith("PuTTY-User-Key-File", StringComparison.Ordinal) ? $"{Expected}, got a PuTTY key; convert it with: puttygen KEY -O private-openssh -o NEW"
                : text.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal) ? Encrypted
                : $"{Expected}, found no complete PEM block";
        }

        var label = text[pem.Label];
        return label switch
        {
            "PRIVATE KEY" or "EC PRIVATE KEY" or "RSA PRIVATE KEY" => null,
            "OPENSSH PRIVATE KEY" => OpenSshObjection(text, pem),
            "ENCRYPTED PRIVATE KEY" => Encrypted,
            "PUBLIC KEY" or "RSA PUBLIC KEY" or "CERTIFICATE" => $"{Expected}, got a {label.ToLowerInvariant()}",
            _ => $"{Expected}, got \"{label}\"",
        };
    }

    private static string Encrypted => $"{Expected}, got one that is protected by a passphrase; remove it from a copy with: ssh-keygen -p -N '' -f KEY";

    private static string? OpenSshObjection(string text, PemFields pem)
    {
        var bytes = new byte[pem.DecodedDataLength];
        if (!Convert.TryFromBase64Chars(text.AsSpan()[pem.Base64Data], bytes, out var length) || !bytes.AsSpan(0, length).StartsWith(OpenSshMagic))
        {
            return $"{Expected}, got a damaged OpenSSH key";
        }

        return bytes.AsSpan(0, length).StartsWith(OpenSshUnencrypted) ? null : Encrypted;
    }
}
