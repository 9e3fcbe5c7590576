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

    /// <summary>
    /// Counts in its memory, in steps of some milliseconds, says each number (eight hexadecimal digits, written a to p) and
    /// reboots at the last one.
    /// </summary>
    internal static byte[] Counting(uint last = uint.MaxValue)
    {
        byte[] code =
        [
            0xba, 0xf8, 0x03, 0x00, 0x00, // mov edx, 0x3f8
            0xff, 0x05, 0, 0, 0, 0,       // again: inc dword [counter]
            0x8b, 0x1d, 0, 0, 0, 0,       // mov ebx, [counter]
            0xb9, 0x08, 0x00, 0x00, 0x00, // mov ecx, 8
            0xc1, 0xc3, 0x04,             // digit: rol ebx, 4
            0x88, 0xd8,                   // mov al, bl
            0x24, 0x0f,                   // and al, 15
            0x04, 0x61,                   // add al, 'a'
            0xee,                         // out dx, al
            0x49,                         // dec ecx
            0x75, 0xf3,                   // jnz digit
            0xb0, 0x0a,                   // mov al, line feed
            0xee,                         // out dx, al
            0xb9, 0x00, 0x00, 0x20, 0x00, // mov ecx, 0x200000
            0x49,                         // wait: dec ecx
            0x75, 0xfd,                   // jnz wait
            0x81, 0xfb, 0, 0, 0, 0,       // cmp ebx, last
            0x75, 0xcf,                   // jne again
            0x66, 0xba, 0xf9, 0x0c,       // mov dx, 0xcf9
            0xb0, 0x06,                   // mov al, "reset"
            0xee,                         // out dx, al
            0xf4, 0xeb, 0xfd,             // hlt for ever
        ];
        uint counter = LoadAddress + CodeOffset + (uint)code.Length;
        BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(7), counter);
        BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(13), counter);
        BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(48), last);
        return Load([.. code, 0, 0, 0, 0]);
    }

    /// <summary>Switches itself off, as ACPI does it on QEMU's q35 machine: the sleep type 0 to the power management port.</summary>
    internal static byte[] SwitchingOff() => Load(
    [
        0x66, 0xba, 0x04, 0x06, // mov dx, 0x604
        0x66, 0xb8, 0x00, 0x20, // mov ax, "sleep"
        0x66, 0xef,             // out dx, ax
        0xf4, 0xeb, 0xfd,       // hlt for ever
    ]);

    /// <summary>A number as <see cref="Counting"/> says it.</summary>
    internal static uint Number(string line) => line.Aggregate(0u, (number, digit) => (number << 4) | (uint)(digit - 'a'));

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
        return Load([.. code, .. Encoding.ASCII.GetBytes(text), 0]);
    }

    private static byte[] Load(byte[] content)
    {
        byte[] image = [.. new byte[CodeOffset], .. content];
        uint end = LoadAddress + (uint)image.Length;
        uint[] header = [0x1badb002, 0x10000, 0xe4514ffe, LoadAddress, LoadAddress, end, end, LoadAddress + CodeOffset];
        for (int i = 0; i < header.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(i * 4), header[i]);
        }
        return image;
    }
}
