using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VmmProcess;

/// <summary>
/// Opens files in a machine's directory. That directory belongs to the machine's user, so a process that a guest has
/// taken over may put anything there: links are never followed and nothing there can make us block.
/// </summary>
public static partial class NativeFile
{
    private const int NoEntry = 2;
    // asm-generic/fcntl.h, the same on x86-64 and arm64 except where noted.
    private const int ReadWrite = 2;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int PathOnly = 0x200000;
    private const int Append = 0x400;
    // These two are swapped on arm64; this program is built for x86-64 QEMU only.
    private const int DirectoryOnly = 0x10000;
    private const int NoFollow = 0x20000;

    /// <summary>The directory itself, good only for reaching what is in it.</summary>
    /// <exception cref="IOException">It cannot be opened; names it and the reason.</exception>
    public static SafeFileHandle OpenDirectory(string path) =>
        Open(path, PathOnly | DirectoryOnly | CloseOnExec) ?? throw Failure(path);

    /// <summary>Whatever has the name, a link itself included, good only for saying what it is and for connecting to it.</summary>
    /// <exception cref="IOException">There is none; names it and the reason.</exception>
    public static SafeFileHandle OpenNode(string path) => Open(path, PathOnly | NoFollow | CloseOnExec) ?? throw Failure(path);

    /// <summary>A pipe with a name, for reading, without waiting for a writer; null when there is none of that name.</summary>
    /// <exception cref="IOException">It cannot be opened; names it and the reason.</exception>
    public static SafeFileHandle? OpenPipe(string path)
    {
        SafeFileHandle? pipe = Open(path, NoFollow | NonBlocking | CloseOnExec);
        return pipe ?? (Marshal.GetLastPInvokeError() == NoEntry ? null : throw Failure(path));
    }

    /// <summary>An existing regular file for reading and appending; null when there is none of that name.</summary>
    /// <exception cref="IOException">There is something else of that name, or it cannot be opened.</exception>
    public static SafeFileHandle? OpenForAppend(string path)
    {
        SafeFileHandle? file = Open(path, ReadWrite | Append | NoFollow | NonBlocking | CloseOnExec);
        if (file is null)
        {
            return Marshal.GetLastPInvokeError() == NoEntry ? null : throw Failure(path);
        }
        try
        {
            _ = RandomAccess.GetLength(file);
            return file;
        }
        catch (NotSupportedException)
        {
            file.Dispose();
            throw new IOException($"{path} is not a regular file");
        }
    }

    private static SafeFileHandle? Open(string path, int flags)
    {
        int descriptor = OpenCall(path, flags, 0);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static IOException Failure(string path)
    {
        int errno = Marshal.GetLastPInvokeError();
        return new IOException($"cannot open {path}: {new Win32Exception(errno).Message}");
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int OpenCall(string path, int flags, uint mode);
}
