using System.Text.Unicode;
using FleetingPlugin.Transcoding;

namespace FleetingPlugin.HostContract;

/// <summary>
/// Finds where a serialized FileDescriptorProto ends that lies among other bytes. Go's generator writes fields in strictly
/// ascending order and groups repeated ones; nothing else marks the end, since the next string of the program follows at once.
/// </summary>
internal static class DescriptorExtent
{
    /// <summary>Longest descriptor that is looked for.</summary>
    public const int MaxBytes = 1 << 20;

    private const int Name = 1, Package = 2, Dependency = 3, Extension = 7, PublicDependency = 10,
        WeakDependency = 11, Syntax = 12, Edition = 14, OptionDependency = 15;

    /// <summary>Length of the descriptor that starts the data; 0 if none does.</summary>
    public static int Measure(ReadOnlySpan<byte> data)
    {
        data = data[..Math.Min(data.Length, MaxBytes)];
        int end = 0, previous = 0, dependencies = 0, fields = 0;
        var editions = false;
        while (end < data.Length)
        {
            var reader = new WireReader(data[end..]);
            if (!reader.TryReadTag(out int number, out int wire) || number < previous || (number == previous && IsSingular(number))
                || (number is Edition or OptionDependency && !editions))
            {
                break;
            }
            bool legal = number is PublicDependency or WeakDependency or Edition
                ? wire == 0 && reader.TryReadVarint(out ulong value) && (number == Edition || value < (ulong)dependencies)
                : wire == 2 && reader.TryReadBytes(out ReadOnlySpan<byte> content) && IsLegal(number, content);
            if (!legal)
            {
                break;
            }
            dependencies += number == Dependency ? 1 : 0;
            editions |= number == Syntax && data.Slice(end, reader.Position).EndsWith("editions"u8);
            previous = number;
            fields++;
            end += reader.Position;
            if (number == Syntax && !editions)
            {
                break;
            }
        }
        // A name alone is any string that follows the bytes 0A and its length.
        return fields > 1 ? end : 0;
    }

    private static bool IsSingular(int number) => number is Name or Package or 8 or Syntax or Edition;

    private static bool IsLegal(int number, ReadOnlySpan<byte> content) => number switch
    {
        Name or Dependency or OptionDependency => IsPrintable(content) && content.EndsWith(".proto"u8),
        Package => IsIdentifierPath(content),
        4 or 5 or 6 => IsFilledExactly(content, named: true),
        Extension or 8 => IsFilledExactly(content, named: false),
        Syntax => content.SequenceEqual("proto3"u8) || content.SequenceEqual("proto2"u8) || content.SequenceEqual("editions"u8),
        // Go's generator strips source info (9); 13 and everything above 15 do not exist.
        _ => false,
    };

    private static bool IsFilledExactly(ReadOnlySpan<byte> content, bool named)
    {
        var reader = new WireReader(content);
        var names = 0;
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out int number, out int wire))
            {
                return false;
            }
            if (named && number == 1)
            {
                if (wire != 2 || !reader.TryReadBytes(out ReadOnlySpan<byte> name) || !IsIdentifierPath(name) || name.Contains((byte)'.'))
                {
                    return false;
                }
                names++;
            }
            else if (!reader.TrySkip(number, wire))
            {
                return false;
            }
        }
        return !named || names == 1;
    }

    private static bool IsPrintable(ReadOnlySpan<byte> text) =>
        !text.IsEmpty && Utf8.IsValid(text) && !text.ContainsAnyInRange((byte)0, (byte)0x1F) && !text.Contains((byte)0x7F);

    private static bool IsIdentifierPath(ReadOnlySpan<byte> text)
    {
        var startsWord = true;
        foreach (byte b in text)
        {
            bool letter = b == '_' || char.IsAsciiLetter((char)b);
            if (!(letter || (!startsWord && (b == '.' || char.IsAsciiDigit((char)b)))))
            {
                return false;
            }
            startsWord = b == '.';
        }
        return !startsWord;
    }
}
