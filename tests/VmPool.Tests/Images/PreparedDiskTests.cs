using System.Buffers.Binary;
using LinuxHost;
using VmPool.Images;

namespace VmPool.Tests.Images;

/// <summary>An operator's disk file may have been made by somebody hostile; what it names on the host must never be opened.</summary>
public sealed class PreparedDiskTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vmpool-prepared-disk-");

    private string Disk => Path.Combine(_root.FullName, "disk");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task A_raw_file_is_as_large_as_it_is()
    {
        await File.WriteAllBytesAsync(Disk, new byte[4096]);

        Assert.Equal(new PreparedDisk("raw", 4096), PreparedDisk.Read(Disk, 2));
    }

    [Theory]
    [InlineData("compat=0.10")]
    [InlineData("compat=1.1")]
    [InlineData("compat=1.1,compression_type=zstd,extended_l2=on")]
    [InlineData("compat=1.1,lazy_refcounts=on")]
    public async Task A_qcow2_file_that_stands_alone_is_as_large_as_its_guest_sees(string options)
    {
        await CreateAsync("-o", options, Disk, "3M");

        Assert.Equal(new PreparedDisk("qcow2", 3 << 20), PreparedDisk.Read(Disk, 2));
    }

    [Fact]
    public async Task Other_files_are_never_followed()
    {
        await File.WriteAllTextAsync(Path.Combine(_root.FullName, "secret"), "of the host");
        await CreateAsync("-b", "secret", "-F", "raw", Disk, "1M");
        Refused("builds on another file (a backing file)");

        await CreateAsync("-o", $"data_file={_root.FullName}/data,data_file_raw=on", Disk, "1M");
        Refused("keeps its data in another file (data_file)");
    }

    [Theory]
    [InlineData(7, 1, "is qcow2 of version 1")]
    [InlineData(7, 9, "is qcow2 of version 9")]
    [InlineData(35, 1, "is encrypted")]
    [InlineData(35, 2, "is encrypted")]
    [InlineData(79, 2, "is marked as damaged")]
    [InlineData(79, 4, "keeps its data in another file")]
    [InlineData(79, 0x40, "features that are not known here")]
    [InlineData(72, 0x80, "features that are not known here")]
    [InlineData(24, 0x80, "has a size that cannot be")]
    [InlineData(15, 200, "builds on another file")]
    [InlineData(8, 0xff, "damaged or not complete")]
    public async Task A_header_that_says_so_is_refused(int offset, byte value, string reason)
    {
        await PatchAsync(bytes => bytes[offset] = value);

        Refused(reason);
    }

    [Theory]
    [InlineData(ulong.MaxValue, 2)]
    [InlineData(ulong.MaxValue - 1, uint.MaxValue)]
    [InlineData(1UL << 63, 1)]
    public async Task A_name_far_outside_the_file_is_only_damage(ulong offset, uint length)
    {
        await PatchAsync(bytes =>
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), offset);
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(16), length);
        });

        Refused("damaged or not complete");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(71)]
    [InlineData(103)]
    public async Task A_header_that_ends_too_soon_is_refused(int length)
    {
        await CreateAsync(Disk, "1M");
        using (FileStream file = File.OpenWrite(Disk))
        {
            file.SetLength(length);
        }

        Refused("damaged or not complete");
    }

    [Theory]
    [InlineData("KDMV", "a VMDK file")]
    [InlineData("vhdxfile", "a VHDX file")]
    [InlineData("QED\0", "a QED file")]
    [InlineData("BZh91AY", "a bzip2 file")]
    public async Task Other_formats_are_named(string start, string name)
    {
        await File.WriteAllTextAsync(Disk, start + new string('x', 600));

        Refused(name);
    }

    [Theory]
    [InlineData("raw")]
    [InlineData("qcow2")]
    public async Task A_disk_that_is_too_large_is_refused_with_the_size_it_needs(string format)
    {
        await HostCommand.RunAsync("qemu-img", ["create", "-q", "-f", format, Disk, "2049M"]);

        Refused("more than vm_disk_size_gb = 2 allows; set vm_disk_size_gb = 3");
        Assert.Equal(2049L << 20, PreparedDisk.Read(Disk, 3).VirtualSize);
    }

    [Fact]
    public async Task What_is_no_regular_file_is_said_to_be_what_it_is()
    {
        Refused("No such file");
        await File.WriteAllBytesAsync(Disk, []);
        Refused("is empty");
        File.Delete(Disk);
        Directory.CreateDirectory(Disk);
        Refused("is a directory, not a regular file");
        Directory.Delete(Disk);
        // Nobody ever writes to it: who opens it waits for ever.
        await HostCommand.RunAsync("mkfifo", [Disk]);
        Refused("is a pipe, not a regular file");
        File.Delete(Disk);
        File.CreateSymbolicLink(Disk, "/dev/zero");
        Refused("is a character device, not a regular file");
    }

    private static Task<HostCommandResult> CreateAsync(params string[] arguments) =>
        HostCommand.RunAsync("qemu-img", ["create", "-q", "-f", "qcow2", .. arguments]);

    private async Task PatchAsync(Action<byte[]> change)
    {
        await CreateAsync(Disk, "1M");
        byte[] bytes = await File.ReadAllBytesAsync(Disk);
        change(bytes);
        await File.WriteAllBytesAsync(Disk, bytes);
    }

    private void Refused(string reason)
    {
        HostResourceException error = Assert.Throws<HostResourceException>(() => PreparedDisk.Read(Disk, 2));
        Assert.Contains(Disk, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }
}
