using System.Buffers.Binary;
using System.Text;

namespace Qemu.Tests;

/// <summary>
/// A kernel of a few bytes for -kernel: a multiboot header and 32-bit code that writes a text to the serial port, then
/// sleeps for ever or starts again.
/// </summary>
internal static class TestGuest
{
    private const uint LoadAddress = 0x100000;
    private const int CodeOffset = 32;

    /// <summary>Says the text once.</summary>
    internal static byte[] Saying(string text) => Build(text, again: false);

    /// <summary>Says the text as fast as it can, without end.</summary>
    internal static byte[] Flooding(string text) => Build(text, again: true);

    private static byte[] Build(string text, bool again)
    {
        byte[] code =
        [
            0xba, 0xf8, 0x03, 0x00, 0x00, // mov edx, 0x3f8
            0xbe, 0, 0, 0, 0,             // mov esi, text
            0xac,                         // next: lodsb
            0x84, 0xc0,                   // test al, al
            0x74, 0x03,                   // jz end
            0xee,                         // out dx, al
            0xeb, 0xf8,                   // jmp next
            .. again ? (byte[])[0xeb, 0xec, 0x90] : [0xf4, 0xeb, 0xfd], // end: jmp to the start, or hlt for ever
        ];
        BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(6), LoadAddress + CodeOffset + (uint)code.Length);
        byte[] image = [.. new byte[CodeOffset], .. code, .. Encoding.ASCII.GetBytes(text), 0];
        uint end = LoadAddress + (uint)image.Length;
        uint[] header = [0x1badb002, 0x10000, 0xe4514ffe, LoadAddress, LoadAddress, end, end, LoadAddress + CodeOffset];
        for (int i = 0; i < header.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(i * 4), header[i]);
        }
        return image;
    }
}
