using LinuxHost;
using VmPool;
using VmPool.Ports;

namespace VmmProcess;

/// <summary>The file that is a template's memory: it belongs to the machine's user while the template runs, and to root afterwards.</summary>
public static class TemplateMemory
{
    /// <summary>For everybody to read: a hypervisor without rights must be able to map the memory of a saved template.</summary>
    public const UnixFileMode SavedMode = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Makes it, empty and as large as the machine's memory, and starts the machine; without a machine there is no file.</summary>
    /// <param name="path">The file; nothing is there.</param>
    /// <param name="request">The machine.</param>
    /// <param name="start">Starts it with the file as its memory.</param>
    /// <exception cref="HypervisorException">The file cannot be made, or the machine does not start.</exception>
    public static async Task<IVirtualMachine> StartAsync(string path, MachineRequest request, Func<Task<IVirtualMachine>> start)
    {
        try
        {
            Create(path, request);
            return await start();
        }
        catch (Exception e)
        {
            File.Delete(path);
            if (e is IOException or UnauthorizedAccessException or HostResourceException)
            {
                throw new HypervisorException($"cannot start template {request.InstanceId}: cannot make its memory {path}: {e.Message}", e);
            }
            throw;
        }
    }

    private static void Create(string path, MachineRequest request)
    {
        using (var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            file.SetLength((long)request.MemoryMb << 20);
        }
        FileOwner.Give(path, request.UserId);
    }
}
