using System.Buffers.Binary;

namespace FleetingPlugin.Transcoding;

/// <summary>Reads protobuf's wire format from a span. Every method says false at malformed or truncated input and never throws.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> data)
{
    private const int MaxGroupDepth = 32;

    private readonly ReadOnlySpan<byte> data = data;

    public int Position { get; private set; }

    public readonly bool AtEnd => Position == data.Length;

    public bool TryReadTag(out int number, out int wireType)
    {
        bool read = TryReadVarint(out ulong tag);
        wireType = (int)(tag & 7);
        number = tag >> 3 is > 0 and <= 0x1FFF_FFFF ? (int)(tag >> 3) : 0;
        return read && number > 0 && wireType <= 5;
    }

    public bool TryReadVarint(out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64 && Position < data.Length; shift += 7)
        {
            byte b = data[Position++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return true;
            }
        }
        return false;
    }

    public bool TryReadFixed32(out uint value)
    {
        bool read = TryTake(4, out ReadOnlySpan<byte> bytes);
        value = read ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : 0;
        return read;
    }

    public bool TryReadFixed64(out ulong value)
    {
        bool read = TryTake(8, out ReadOnlySpan<byte> bytes);
        value = read ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;
        return read;
    }

    /// <summary>A length and that many bytes.</summary>
    public bool TryReadBytes(out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        return TryReadVarint(out ulong length) && length <= (ulong)(data.Length - Position) && TryTake((int)length, out bytes);
    }

    /// <summary>Passes over the value of a tag just read.</summary>
    public bool TrySkip(int number, int wireType) => TrySkip(number, wireType, 0);

    private bool TrySkip(int number, int wireType, int depth)
    {
        switch (wireType)
        {
            case 0:
                return TryReadVarint(out _);
            case 1:
                return TryTake(8, out _);
            case 2:
                return TryReadBytes(out _);
            case 5:
                return TryTake(4, out _);
            case 3 when depth < MaxGroupDepth:
                while (TryReadTag(out int inner, out int innerType))
                {
                    if (innerType == 4)
                    {
                        return inner == number;
                    }
                    if (!TrySkip(inner, innerType, depth + 1))
                    {
                        return false;
                    }
                }
                return false;
            default:
                return false;
        }
    }

    private bool TryTake(int count, out ReadOnlySpan<byte> bytes)
    {
        if (count > data.Length - Position)
        {
            bytes = default;
            return false;
        }
        bytes = data.Slice(Position, count);
        Position += count;
        return true;
    }
}
