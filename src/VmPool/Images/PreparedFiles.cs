using LinuxHost;
using Microsoft.Win32.SafeHandles;
using VmPool.Options;

namespace VmPool.Images;

/// <summary>The files of an image that the operator brings.</summary>
public static class PreparedFiles
{
    /// <summary>One sentence for each file that cannot be used; none without a prepared image. Reads no more than the beginning of each.</summary>
    public static IReadOnlyList<string> Faults(GroupOptions options) =>
        options.Image.Prepared ? [.. Of(options.Image).Select(file => FaultOf(file, options.Machine.DiskSizeGb)).OfType<string>()] : [];

    /// <summary>The files, each with the name that it gets in the image.</summary>
    internal static IReadOnlyList<PreparedFile> Of(ImageOptions image) =>
    [
        new("image.source", image.Source!, files => files.Disk),
        new("image.kernel", image.Kernel!, files => files.Kernel),
        .. image.Initrd is { } initrd ? [new PreparedFile("image.initrd", initrd, files => files.Initrd)] : Array.Empty<PreparedFile>(),
    ];

    private static string? FaultOf(PreparedFile file, int diskSizeGb)
    {
        try
        {
            if (file.IsDisk)
            {
                _ = PreparedDisk.Read(file.Path, diskSizeGb);
                return null;
            }
            using SafeFileHandle open = RegularFile.Open(file.Path);
            return RandomAccess.GetLength(open) > 0 ? null : $"{file.Key} cannot be used: {file.Path} is empty";
        }
        catch (HostResourceException e)
        {
            return $"{file.Key} cannot be used: {e.Message}";
        }
    }
}

/// <summary>One file of the operator's.</summary>
/// <param name="Key">What it is called in plugin_config.</param>
/// <param name="Path">Where the operator has it.</param>
/// <param name="Target">Where it goes in the image.</param>
internal sealed record PreparedFile(string Key, string Path, Func<RootFiles, string> Target)
{
    public bool IsDisk => Key == "image.source";
}
