using System.Globalization;

namespace Qemu;

/// <summary>
/// Where a guest's memory lies. Saved and restored machines find it by the backend's id, so template and clones have the
/// same one; how the file behind it is mapped may differ.
/// </summary>
/// <param name="Backend">Options of the memory backend; absent for memory that is nobody else's and is never saved.</param>
internal sealed record GuestMemory(string? Backend)
{
    internal const string Id = "ram0";

    /// <summary>Memory of its own, in no file.</summary>
    internal static GuestMemory Anonymous { get; } = new((string?)null);

    /// <summary>The file is the memory: what the guest writes lands in it.</summary>
    internal static GuestMemory Shared(string path) => File(path, "share=on");

    /// <summary>The guest begins with the file's content and keeps what it writes for itself. QEMU 8.2 and later.</summary>
    internal static GuestMemory PrivateOfReadOnlyFile(string path) => File(path, "share=off,readonly=on,rom=off");

    /// <summary>The same with an inherited descriptor, which QEMU opens for writing; what it refers to must refuse to be written.</summary>
    internal static GuestMemory PrivateOfSealed(int descriptor) =>
        File(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}"), "share=off");

    private static GuestMemory File(string path, string mapping) => new($"mem-path={path},{mapping}");
}
