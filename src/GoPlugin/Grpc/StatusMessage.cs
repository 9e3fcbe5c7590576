using System.Text;

namespace GoPlugin.Grpc;

/// <summary>
/// The grpc-message value. gRPC's HTTP/2 mapping wants every UTF-8 byte outside 0x20..0x7E, and the percent sign, as
/// %XX. Kestrel refuses raw non-ASCII in a trailer, which would turn the whole call into HTTP 500.
/// </summary>
internal static class StatusMessage
{
    // grpc-go is moving its limit for all headers of a response together to 8 KiB.
    internal const int MaxEncodedLength = 4000;

    private const string Ellipsis = "...";

    public static string Encode(string message)
    {
        var encoded = new StringBuilder(Math.Min(message.Length, MaxEncodedLength));
        Span<byte> utf8 = stackalloc byte[4];
        Span<char> piece = stackalloc char[12];
        // Runes, so that shortening never cuts a character in half and lone surrogates become U+FFFD.
        foreach (var rune in message.EnumerateRunes())
        {
            var length = EncodeRune(utf8[..rune.EncodeToUtf8(utf8)], piece);
            if (encoded.Length + length > MaxEncodedLength - Ellipsis.Length)
            {
                return encoded.Append(Ellipsis).ToString();
            }

            encoded.Append(piece[..length]);
        }

        return encoded.ToString();
    }

    public static string Decode(string encoded) => Uri.UnescapeDataString(encoded);

    private static int EncodeRune(ReadOnlySpan<byte> utf8, Span<char> piece)
    {
        const string hex = "0123456789ABCDEF";
        var length = 0;
        foreach (var octet in utf8)
        {
            if (octet is >= 0x20 and <= 0x7E and not (byte)'%')
            {
                piece[length++] = (char)octet;
            }
            else
            {
                piece[length++] = '%';
                piece[length++] = hex[octet >> 4];
                piece[length++] = hex[octet & 15];
            }
        }

        return length;
    }
}
