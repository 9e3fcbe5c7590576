using System.Security.Cryptography;

namespace VmPool.Keys;

/// <summary>An ECDSA P-256 key pair: private half as PKCS#8 PEM, public half as one OpenSSH line. Both Go's and OpenSSH's clients read them.</summary>
public sealed record SshKeyPair(string PrivatePem, string PublicLine)
{
    /// <summary>A new pair; takes well under a millisecond.</summary>
    public static SshKeyPair Create()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new SshKeyPair(key.ExportPkcs8PrivateKeyPem() + "\n", SshWire.PublicLine(key));
    }
}
