using System.Runtime.InteropServices;

namespace LinuxHost;

/// <summary>
/// posix_spawn's attributes: a session of its own (no signal meant for the runner's process group reaches it), every signal
/// at its default and none blocked (the .NET runtime ignores SIGPIPE, and ignored signals are inherited).
/// </summary>
internal sealed unsafe class SpawnAttributes : IDisposable
{
    private void* _attributes = NativeMemory.AllocZeroed(Libc.OpaqueSize);

    internal SpawnAttributes()
    {
        void* signals = NativeMemory.AllocZeroed(Libc.OpaqueSize);
        try
        {
            _ = Libc.SpawnAttributesInit(Pointer);
            _ = Libc.SpawnAttributesSetFlags(Pointer, Libc.SpawnSetSession | Libc.SpawnSetSignalDefault | Libc.SpawnSetSignalMask);
            _ = Libc.SignalSetEmpty((nint)signals);
            _ = Libc.SpawnAttributesSetSignalMask(Pointer, (nint)signals);
            _ = Libc.SignalSetFill((nint)signals);
            _ = Libc.SpawnAttributesSetSignalDefault(Pointer, (nint)signals);
        }
        finally
        {
            NativeMemory.Free(signals);
        }
    }

    internal nint Pointer => (nint)_attributes;

    public void Dispose()
    {
        if (_attributes is null)
        {
            return;
        }
        _ = Libc.SpawnAttributesDestroy(Pointer);
        NativeMemory.Free(_attributes);
        _attributes = null;
    }
}
