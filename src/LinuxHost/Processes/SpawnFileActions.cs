using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LinuxHost;

/// <summary>
/// What the child's descriptor table looks like. Every inherited descriptor is first duplicated to a number above all targets,
/// so that no dup2 can overwrite a source that is still needed, and no source can equal its target (which would keep FD_CLOEXEC).
/// </summary>
internal sealed unsafe class SpawnFileActions : IDisposable
{
    private const int LowestInherited = 3;
    private const int HighestInherited = 255;

    private readonly List<int> _duplicates = [];
    private void* _actions = NativeMemory.AllocZeroed(Libc.OpaqueSize);

    internal SpawnFileActions(SpawnRequest request, SafeFileHandle input, SafeFileHandle output)
    {
        try
        {
            _ = Libc.FileActionsInit(Pointer);
            int highest = Math.Max(LowestInherited - 1, request.InheritedDescriptors.Keys.DefaultIfEmpty().Max());
            Add(input, [0], highest, request);
            Add(output, [1, 2], highest, request);
            foreach ((int number, SafeFileHandle handle) in request.InheritedDescriptors)
            {
                if (number is < LowestInherited or > HighestInherited)
                {
                    throw new ArgumentOutOfRangeException(nameof(request), number,
                        $"an inherited descriptor's number must be {LowestInherited} to {HighestInherited}");
                }
                Add(handle, [number], highest, request);
            }
            CloseTheRest(request, highest);
            // A child that kept our working directory would keep its file system from being unmounted.
            Check(Libc.FileActionsAddChangeDirectory(Pointer, "/"), request);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal nint Pointer => (nint)_actions;

    public void Dispose()
    {
        if (_actions is null)
        {
            return;
        }
        foreach (int descriptor in _duplicates)
        {
            _ = Libc.Close(descriptor);
        }
        _ = Libc.FileActionsDestroy(Pointer);
        NativeMemory.Free(_actions);
        _actions = null;
    }

    private void Add(SafeFileHandle handle, int[] targets, int highest, SpawnRequest request)
    {
        bool held = false;
        try
        {
            handle.DangerousAddRef(ref held);
            int duplicate = Libc.DuplicateAbove((int)handle.DangerousGetHandle(), highest + 1);
            if (duplicate < 0)
            {
                throw Errno.Failure($"cannot start {request.Program}: duplicating the descriptor for its number {targets[0]} failed", Libc.LastErrno);
            }
            _duplicates.Add(duplicate);
            foreach (int target in targets)
            {
                Check(Libc.FileActionsAddDuplicate(Pointer, duplicate, target), request);
            }
        }
        finally
        {
            if (held)
            {
                handle.DangerousRelease();
            }
        }
    }

    private void CloseTheRest(SpawnRequest request, int highest)
    {
        for (int number = LowestInherited; number <= highest; number++)
        {
            if (!request.InheritedDescriptors.ContainsKey(number))
            {
                Check(Libc.FileActionsAddClose(Pointer, number), request);
            }
        }
        try
        {
            Check(Libc.FileActionsAddCloseFrom(Pointer, highest + 1), request);
        }
        catch (EntryPointNotFoundException)
        {
            // glibc before 2.34: .NET opens every descriptor of its own with O_CLOEXEC, only foreign inherited ones could pass.
        }
    }

    private static void Check(int errno, SpawnRequest request)
    {
        if (errno != 0)
        {
            throw Errno.Failure($"cannot start {request.Program}: preparing its descriptors failed", errno);
        }
    }
}
