using System.IO.Pipes;
using LinuxHost;
using Microsoft.Win32.SafeHandles;
using VmmProcess;

namespace CloudHypervisor;

/// <summary>
/// The way of a machine's events to us: a pipe with a name in its directory. It outlives us, and events wait in it for the
/// next process of ours.
/// </summary>
internal static class EventPipe
{
    /// <summary>Makes it and opens both ends: one for the process to inherit, one to read from.</summary>
    /// <exception cref="HostResourceException">It cannot be made.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    internal static (SafeFileHandle Writer, Stream Reader) Create(string directory)
    {
        string path = Path.Combine(directory, MachineFiles.Events);
        SafeFileHandle writer = NamedPipe.Create(path);
        try
        {
            return (writer, Open(directory) ?? throw new IOException($"{path} is gone"));
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Opens the reading end of an existing one; absent when there is none.</summary>
    /// <exception cref="IOException">It cannot be opened, or there is something else of that name.</exception>
    internal static Stream? Open(string directory)
    {
        string path = Path.Combine(directory, MachineFiles.Events);
        SafeFileHandle? file = NativeFile.OpenPipe(path);
        if (file is null)
        {
            return null;
        }
        // The stream owns the descriptor; it refuses everything that is no pipe.
        var pipe = new SafePipeHandle(file.DangerousGetHandle(), ownsHandle: true);
        file.SetHandleAsInvalid();
        try
        {
            return new AnonymousPipeClientStream(PipeDirection.In, pipe);
        }
        catch
        {
            pipe.Dispose();
            throw;
        }
    }
}
