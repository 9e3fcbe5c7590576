using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Qemu;

/// <summary>A file without a name that ends with this process, however that ends (memfd_create(2)).</summary>
internal sealed partial class MemoryFile : IDisposable
{
    private const uint CloseOnExec = 1;

    private readonly SafeFileHandle _file;

    private MemoryFile(SafeFileHandle file) => _file = file;

    /// <summary>Where another process of the same user opens it, for as long as this one holds it.</summary>
    internal string Path => string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{(int)_file.DangerousGetHandle()}");

    /// <exception cref="IOException">The kernel refuses; says why.</exception>
    internal static MemoryFile Create(string name, ReadOnlySpan<byte> content)
    {
        int descriptor = CreateCall(name, CloseOnExec);
        if (descriptor < 0)
        {
            throw new IOException($"cannot create the memory file {name}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }
        var file = new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            RandomAccess.Write(file, content, 0);
            return new MemoryFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int CreateCall(string name, uint flags);
}
