using System.Runtime.InteropServices;

namespace LinuxHost;

/// <summary>A null-terminated array of UTF-8 strings outside the managed heap, as argv and envp are.</summary>
internal sealed unsafe class NativeStringArray : IDisposable
{
    private readonly int _count;
    private byte** _items;

    internal NativeStringArray(IReadOnlyList<string> strings)
    {
        if (strings.FirstOrDefault(text => text.Contains('\0', StringComparison.Ordinal)) is { } bad)
        {
            throw new ArgumentException($"a program's argument or variable holds a NUL character: {bad.Replace("\0", "\\0", StringComparison.Ordinal)}", nameof(strings));
        }
        _count = strings.Count;
        _items = (byte**)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(byte*));
        for (int i = 0; i < _count; i++)
        {
            _items[i] = (byte*)Marshal.StringToCoTaskMemUTF8(strings[i]);
        }
    }

    internal nint Pointer => (nint)_items;

    public void Dispose()
    {
        if (_items is null)
        {
            return;
        }
        for (int i = 0; i < _count; i++)
        {
            Marshal.FreeCoTaskMem((nint)_items[i]);
        }
        NativeMemory.Free(_items);
        _items = null;
    }
}
