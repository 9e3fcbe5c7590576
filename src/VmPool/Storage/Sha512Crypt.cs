using System.Security.Cryptography;
using System.Text;

namespace VmPool.Storage;

/// <summary>
/// The password hash <c>$6$salt$…</c> of crypt(3), after the public specification "Unix crypt using SHA-256 and SHA-512"
/// with its default of 5000 rounds. The guest gets the hash, so the seed on its disk does not hold the password itself.
/// </summary>
internal static class Sha512Crypt
{
    private const int Rounds = 5000;
    private const int SaltLength = 16;
    private const string Alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>Hashes with a fresh salt.</summary>
    public static string Hash(string password) => Hash(password, RandomNumberGenerator.GetString(Alphabet, SaltLength));

    /// <summary>Hashes with the given salt of at most 16 characters.</summary>
    public static string Hash(string password, string salt)
    {
        byte[] key = Encoding.UTF8.GetBytes(password);
        byte[] saltBytes = Encoding.UTF8.GetBytes(salt);
        byte[] digest = Digest(key, saltBytes);
        byte[] keySequence = Stretch(SHA512.HashData(Repeat(key, key.Length)), key.Length);
        byte[] saltSequence = Stretch(SHA512.HashData(Repeat(saltBytes, 16 + digest[0])), saltBytes.Length);
        for (int round = 0; round < Rounds; round++)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
            hash.AppendData(round % 2 != 0 ? keySequence : digest);
            hash.AppendData(round % 3 != 0 ? saltSequence : []);
            hash.AppendData(round % 7 != 0 ? keySequence : []);
            hash.AppendData(round % 2 != 0 ? digest : keySequence);
            digest = hash.GetHashAndReset();
        }
        return $"$6${salt}${Encode(digest)}";
    }

    private static byte[] Digest(byte[] key, byte[] salt)
    {
        byte[] alternate = SHA512.HashData([.. key, .. salt, .. key]);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
        hash.AppendData(key);
        hash.AppendData(salt);
        hash.AppendData(Stretch(alternate, key.Length));
        for (int bits = key.Length; bits > 0; bits >>= 1)
        {
            hash.AppendData((bits & 1) != 0 ? alternate : key);
        }
        return hash.GetHashAndReset();
    }

    private static byte[] Repeat(byte[] text, int times) => Enumerable.Repeat(text, times).SelectMany(part => part).ToArray();

    private static byte[] Stretch(byte[] block, int length)
    {
        byte[] result = new byte[length];
        for (int i = 0; i < length; i++)
        {
            result[i] = block[i % block.Length];
        }
        return result;
    }

    // Three bytes become four characters, least significant bits first; the specification rotates the bytes' order by group.
    private static string Encode(byte[] digest)
    {
        var text = new StringBuilder();
        for (int group = 0; group < 21; group++)
        {
            (int a, int b, int c) = (group % 3) switch
            {
                0 => (group, group + 21, group + 42),
                1 => (group + 21, group + 42, group),
                _ => (group + 42, group, group + 21),
            };
            Append(text, (digest[a] << 16) | (digest[b] << 8) | digest[c], 4);
        }
        Append(text, digest[63], 2);
        return text.ToString();
    }

    private static void Append(StringBuilder text, int bits, int characters)
    {
        for (; characters > 0; characters--, bits >>= 6)
        {
            text.Append(Alphabet[bits & 0x3f]);
        }
    }
}
