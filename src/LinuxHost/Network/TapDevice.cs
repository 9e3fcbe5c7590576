using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace LinuxHost;

/// <summary>
/// Opens an existing persistent TAP, so that a hypervisor without any right can inherit the descriptor:
/// /dev/net/tun is often for root only, and then not even a TAP's owner could open it.
/// </summary>
public static class TapDevice
{
    private const string ControlDevice = "/dev/net/tun";
    private const nuint IoctlSetInterface = 0x400454ca;
    private const short Tap = 0x0002;
    private const short NoPacketHeader = 0x1000;
    private const short VirtioNetHeader = 0x4000;
    private const int NameSize = 16;
    private const int RequestSize = 40;

    /// <summary>Attaches to the TAP inside a named network namespace, with virtio-net headers and without packet information.</summary>
    /// <exception cref="HostResourceException">No such namespace or device, or it is in use; names it and the errno.</exception>
    public static Task<SafeFileHandle> OpenAsync(string interfaceName, string namespaceName) =>
        NetworkNamespace.RunInsideAsync(namespaceName, () => Open(interfaceName));

    /// <summary>The same in the calling thread's network namespace.</summary>
    /// <exception cref="HostResourceException">No such device, or it is in use; names it and the errno.</exception>
    public static unsafe SafeFileHandle Open(string interfaceName)
    {
        if (Encoding.UTF8.GetByteCount(interfaceName) >= NameSize)
        {
            throw new ArgumentException($"interface name {interfaceName} is longer than 15 bytes", nameof(interfaceName));
        }
        // The attach would silently create a missing device, which would vanish with the descriptor.
        if (Libc.InterfaceIndex(interfaceName) == 0)
        {
            throw Errno.Failure($"cannot open TAP {interfaceName}", Libc.LastErrno);
        }
        int descriptor = Libc.Open(ControlDevice, Libc.OpenReadWrite | Libc.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            throw Errno.Failure($"cannot open {ControlDevice}", Libc.LastErrno);
        }
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        byte* request = stackalloc byte[RequestSize];
        new Span<byte>(request, RequestSize).Clear();
        Encoding.UTF8.GetBytes(interfaceName, new Span<byte>(request, NameSize));
        MemoryMarshal.Write(new Span<byte>(request + NameSize, sizeof(short)), (short)(Tap | NoPacketHeader | VirtioNetHeader));
        if (Libc.DeviceControl(descriptor, IoctlSetInterface, request) < 0)
        {
            int errno = Libc.LastErrno;
            handle.Dispose();
            throw Errno.Failure($"cannot attach to TAP {interfaceName}", errno);
        }
        return handle;
    }
}
