namespace LinuxHost;

/// <summary>What tells a file from what takes its place, or is written over it, without reading it.</summary>
/// <param name="Device">The numbers of the device that it lies on: its file system.</param>
/// <param name="Inode">Its number there.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Written">When its content was last changed: seconds and nanoseconds.</param>
public readonly record struct FileStamp((uint Major, uint Minor) Device, ulong Inode, ulong Bytes, (long Seconds, uint Nanoseconds) Written)
{
    /// <summary>Of the file with this name, symbolic links followed; absent when there is none that can be looked at.</summary>
    public static FileStamp? Of(string path) => Libc.StampOf(path);
}
