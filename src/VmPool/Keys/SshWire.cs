using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace VmPool.Keys;

/// <summary>Public keys in the SSH wire format (RFC 4253 §6.6 for RSA, RFC 5656 §3.1 for ECDSA).</summary>
internal static class SshWire
{
    public static string PublicLine(ECDsa key)
    {
        ECParameters parameters = key.ExportParameters(includePrivateParameters: false);
        string curve = key.KeySize switch
        {
            256 => "nistp256",
            384 => "nistp384",
            521 => "nistp521",
            _ => throw new NotSupportedException($"an EC key of {key.KeySize} bits is not usable with SSH; use P-256, P-384 or P-521"),
        };
        byte[] point = [4, .. parameters.Q.X!, .. parameters.Q.Y!];
        string type = "ecdsa-sha2-" + curve;
        return Line(type, [.. Text(type), .. Text(curve), .. Field(point)]);
    }

    public static string PublicLine(RSA key)
    {
        RSAParameters parameters = key.ExportParameters(includePrivateParameters: false);
        return Line("ssh-rsa", [.. Text("ssh-rsa"), .. Field(Positive(parameters.Exponent!)), .. Field(Positive(parameters.Modulus!))]);
    }

    public static string Line(string type, ReadOnlySpan<byte> blob) => $"{type} {Convert.ToBase64String(blob)}";

    public static byte[] Text(string value) => Field(Encoding.ASCII.GetBytes(value));

    public static byte[] Field(ReadOnlySpan<byte> value)
    {
        byte[] field = new byte[4 + value.Length];
        BinaryPrimitives.WriteInt32BigEndian(field, value.Length);
        value.CopyTo(field.AsSpan(4));
        return field;
    }

    // An mpint with its highest bit set would be negative; a zero byte in front keeps it positive.
    private static byte[] Positive(byte[] integer) => integer[0] >= 0x80 ? [0, .. integer] : integer;
}
