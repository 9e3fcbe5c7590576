using System.Security.Cryptography;

namespace LinuxHost.Tests.Files;

public sealed class FileCloneTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_reflink_shares_blocks_until_written()
    {
        await using LoopMount mount = await LoopMount.CreateAsync(_directory);
        string source = mount.File("source");
        byte[] content = RandomNumberGenerator.GetBytes(64 << 20);
        await File.WriteAllBytesAsync(source, content);
        await HostCommand.RunAsync("sync", ["-f", source]);
        long before = DiskSpace.FreeBytes(mount.Path);

        Assert.True(FileClone.TryReflink(source, mount.File("target")));
        await HostCommand.RunAsync("sync", ["-f", source]);
        Assert.True(before - DiskSpace.FreeBytes(mount.Path) < content.Length / 2, "a clone takes no room of its own");
        Assert.Equal(content, await File.ReadAllBytesAsync(mount.File("target")));

        await File.AppendAllTextAsync(mount.File("target"), "x");
        Assert.Equal(content.Length, new FileInfo(source).Length);
    }

    [Fact]
    public void A_file_system_without_reflink_says_false_and_leaves_no_target()
    {
        string source = _directory.File("source");
        File.WriteAllText(source, "content");
        // tmpfs has none, and it is another file system than the temporary directory on most machines as well.
        string target = $"/dev/shm/lhtest-{Environment.ProcessId}";
        Assert.False(FileClone.TryReflink(source, target));
        Assert.False(File.Exists(target));
    }

    [Fact]
    public async Task Whether_a_directory_can_share_blocks_is_tried_and_leaves_nothing()
    {
        await using LoopMount mount = await LoopMount.CreateAsync(_directory);
        Assert.True(FileClone.CanReflink(mount.Path));
        Assert.Empty(Directory.EnumerateFileSystemEntries(mount.Path));
        await HostCommand.RunAsync("mount", ["-o", "remount,ro", mount.Path]);
        Assert.Contains("can share their blocks: Read-only file system", Assert.Throws<HostResourceException>(
            () => FileClone.CanReflink(mount.Path)).Message, StringComparison.Ordinal);

        DirectoryInfo memory = Directory.CreateDirectory($"/dev/shm/lhtest-reflink-{Environment.ProcessId}");
        Assert.False(FileClone.CanReflink(memory.FullName));
        memory.Delete();

        Assert.Contains("it does not exist", Assert.Throws<HostResourceException>(
            () => FileClone.CanReflink(_directory.File("missing"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_source_or_an_existing_target_is_an_error_that_names_it()
    {
        string target = _directory.File("target");
        Assert.Contains("cannot open", Assert.Throws<HostResourceException>(
            () => FileClone.TryReflink(_directory.File("missing"), target)).Message, StringComparison.Ordinal);
        File.WriteAllText(target, "kept");
        File.WriteAllText(_directory.File("source"), "new");
        Assert.Contains($"cannot create {target}: File exists", Assert.Throws<HostResourceException>(
            () => FileClone.TryReflink(_directory.File("source"), target)).Message, StringComparison.Ordinal);
        Assert.Throws<HostResourceException>(() => FileClone.CopySparse(_directory.File("source"), target));
        Assert.Equal("kept", File.ReadAllText(target));
    }

    [Fact]
    public async Task A_sparse_copy_keeps_content_length_and_holes()
    {
        string source = _directory.File("source");
        string target = _directory.File("target");
        using (FileStream file = File.Create(source))
        {
            file.Position = 5_000_000;
            file.Write("in the middle"u8);
            file.Position = 200_000_000;
            file.Write(RandomNumberGenerator.GetBytes(100_000));
            file.SetLength(300_000_000);
        }
        FileClone.CopySparse(source, target);
        await HostCommand.RunAsync("cmp", [source, target], new HostCommandOptions { Timeout = Eventually.Deadline });
        Assert.InRange(await AllocatedBytesAsync(target), 100_000, 2_000_000);
    }

    [Fact]
    public async Task A_sparse_copy_works_across_file_systems_and_for_empty_files()
    {
        string source = _directory.File("source");
        string target = $"/dev/shm/lhtest-copy-{Environment.ProcessId}";
        try
        {
            byte[] content = RandomNumberGenerator.GetBytes(3_000_001);
            await File.WriteAllBytesAsync(source, content);
            FileClone.CopySparse(source, target);
            Assert.Equal(content, await File.ReadAllBytesAsync(target));
            File.Delete(target);

            await File.WriteAllBytesAsync(source, []);
            FileClone.CopySparse(source, target);
            Assert.Equal(0, new FileInfo(target).Length);
        }
        finally
        {
            File.Delete(target);
        }
    }

    [Fact]
    public async Task A_full_disk_is_named_and_leaves_no_target()
    {
        await using LoopMount mount = await LoopMount.CreateAsync(_directory);
        string source = _directory.File("source");
        await File.WriteAllBytesAsync(source, RandomNumberGenerator.GetBytes(1 << 20));
        using (FileStream file = File.OpenWrite(source))
        {
            for (int i = 0; i < 400; i++)
            {
                file.Write(new byte[1 << 20]);
            }
        }
        HostResourceException error = Assert.Throws<HostResourceException>(() => FileClone.CopySparse(source, mount.File("target")));
        Assert.Contains("No space left on device", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(mount.File("target")));
    }

    [Fact]
    public void A_cancelled_copy_leaves_no_target()
    {
        string source = _directory.File("source");
        File.WriteAllText(source, "content");
        Assert.Throws<OperationCanceledException>(
            () => FileClone.CopySparse(source, _directory.File("target"), new CancellationToken(canceled: true)));
        Assert.False(File.Exists(_directory.File("target")));
    }

    private static async Task<long> AllocatedBytesAsync(string path) => 512 * long.Parse(
        (await HostCommand.RunAsync("stat", ["-c", "%b", path])).Output, System.Globalization.CultureInfo.InvariantCulture);
}
