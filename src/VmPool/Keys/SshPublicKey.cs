using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace VmPool.Keys;

/// <summary>Finds the public half of a private key that an operator gave us.</summary>
public static class SshPublicKey
{
    private const string OpenSshLabel = "OPENSSH PRIVATE KEY";

    /// <summary>The public half as one OpenSSH line.</summary>
    /// <param name="privateKey">PKCS#8, SEC1 or PKCS#1 PEM (RSA or NIST curves), or OpenSSH's own format (any type).</param>
    /// <exception cref="FormatException">Not such a key; says what would be accepted.</exception>
    public static string FromPrivate(string privateKey)
    {
        if (!PemEncoding.TryFind(privateKey, out PemFields fields))
        {
            throw Unusable("it is not PEM text");
        }
        string label = privateKey[fields.Label];
        try
        {
            return label == OpenSshLabel
                ? FromOpenSsh(Convert.FromBase64String(privateKey[fields.Base64Data]))
                : FromPem(privateKey, label);
        }
        catch (Exception e) when (e is CryptographicException or NotSupportedException or ArgumentException or FormatException)
        {
            throw Unusable($"`{label}` could not be read: {e.Message}");
        }
    }

    private static string FromPem(string pem, string label)
    {
        if (label.Contains("ENCRYPTED", StringComparison.Ordinal))
        {
            throw new CryptographicException("it is encrypted; the runner cannot ask for a passphrase");
        }
        if (label == "RSA PRIVATE KEY" || IsRsa(pem, label))
        {
            using var rsa = RSA.Create();
            rsa.ImportFromPem(pem);
            return SshWire.PublicLine(rsa);
        }
        using var ec = ECDsa.Create();
        ec.ImportFromPem(pem);
        return SshWire.PublicLine(ec);
    }

    private static bool IsRsa(string pem, string label)
    {
        if (label != "PRIVATE KEY")
        {
            return false;
        }
        using var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(pem);
            return true;
        }
        catch (CryptographicException)
        {
            return false; // Another algorithm; the EC import says so if it is not its own either.
        }
    }

    // openssh-key-v1: magic, cipher, kdf, kdf options, number of keys, public key blob, private part. The public blob is
    // never encrypted (PROTOCOL.key in OpenSSH's sources).
    private static string FromOpenSsh(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> magic = "openssh-key-v1\0"u8;
        if (!data.StartsWith(magic))
        {
            throw new FormatException("the openssh-key-v1 mark is missing");
        }
        data = data[magic.Length..];
        string cipher = Encoding.ASCII.GetString(Take(ref data));
        if (cipher != "none")
        {
            throw new CryptographicException("it is encrypted; the runner cannot ask for a passphrase");
        }
        Take(ref data);
        Take(ref data);
        data = data[4..];
        ReadOnlySpan<byte> blob = Take(ref data);
        ReadOnlySpan<byte> rest = blob;
        return SshWire.Line(Encoding.ASCII.GetString(Take(ref rest)), blob);
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> data)
    {
        int length = BinaryPrimitives.ReadInt32BigEndian(data);
        if (length < 0 || length > data.Length - 4)
        {
            throw new FormatException("a field is longer than the data");
        }
        ReadOnlySpan<byte> field = data.Slice(4, length);
        data = data[(4 + length)..];
        return field;
    }

    private static FormatException Unusable(string why) => new(
        $"the connector's private key is not usable: {why}. Give an unencrypted RSA or ECDSA key as PEM, or any unencrypted key in OpenSSH format");
}
