namespace LinuxHost.Tests.Files;

public sealed class WholeFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_is_replaced_whole_with_its_mode_and_nothing_beside_it(bool fsync)
    {
        string path = _directory.File("record.json");
        File.WriteAllText(path, "old");
        AtomicFile.Write(path, "new", fsync: fsync);
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal(AtomicFile.PrivateMode, File.GetUnixFileMode(path));
        UnixFileMode open = AtomicFile.PrivateMode | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        AtomicFile.Write(path, [1, 2, 3], open, fsync);
        Assert.Equal(open, File.GetUnixFileMode(path));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public async Task A_reader_never_sees_a_part()
    {
        string path = _directory.File("record");
        string[] contents = [new('a', 100_000), new('b', 50_000)];
        AtomicFile.Write(path, contents[0]);
        Task writer = Task.Run(() =>
        {
            for (int i = 0; i < 300; i++)
            {
                AtomicFile.Write(path, contents[i % 2]);
            }
        });
        while (!writer.IsCompleted)
        {
            Assert.Contains(await File.ReadAllTextAsync(path), contents);
        }
        await writer;
    }

    [Fact]
    public void A_failed_write_keeps_the_old_file_names_the_target_and_leaves_no_temporary_file()
    {
        string path = _directory.File("directory");
        Directory.CreateDirectory(Path.Join(path, "child"));
        HostResourceException error = Assert.Throws<HostResourceException>(() => AtomicFile.Write(path, "content"));
        Assert.Contains($"cannot write {path}", error.Message, StringComparison.Ordinal);
        Assert.Equal([path], Directory.GetFileSystemEntries(_directory.Path));
        Assert.Throws<HostResourceException>(() => AtomicFile.Write("/no/such/dir/file", "content"));
    }

    [Fact]
    public void Leftovers_are_told_by_their_name()
    {
        Assert.True(TemporaryName.IsLeftover(TemporaryName.For("/some/record.json")));
        Assert.Equal("/some", Path.GetDirectoryName(TemporaryName.For("/some/record.json")));
        Assert.False(TemporaryName.IsLeftover("/some/record.json"));
    }

    [Fact]
    public async Task Exactly_one_of_many_contenders_creates_a_claim_and_readers_see_it_whole()
    {
        string path = _directory.File("slot-7");
        string[] claims = [.. Enumerable.Range(0, 50).Select(i => new string((char)('A' + i % 26), 5000) + i)];
        Task<string> reader = Task.Run(async () =>
        {
            await Eventually.TrueAsync(() => File.Exists(path), "the claim appears");
            return await File.ReadAllTextAsync(path);
        });
        bool[] won = await Task.WhenAll(claims.Select(claim => Task.Run(() => ExclusiveFile.TryCreate(path, claim))));
        int winner = Array.IndexOf(won, true);
        Assert.Equal(1, won.Count(w => w));
        Assert.Equal(claims[winner], await reader);
        Assert.Equal([path], Directory.GetFileSystemEntries(_directory.Path));
        Assert.Equal(AtomicFile.PrivateMode, File.GetUnixFileMode(path));
    }

    [Fact]
    public void A_claim_in_a_missing_directory_is_an_error_not_a_refusal() =>
        Assert.Throws<HostResourceException>(() => ExclusiveFile.TryCreate("/no/such/dir/claim", "x"));

    [Fact]
    public void A_private_directory_is_created_and_narrowed()
    {
        string path = _directory.File("a/b");
        PrivateDirectory.Ensure(path);
        Assert.Equal(PrivateDirectory.OwnerOnly, File.GetUnixFileMode(path));
        File.SetUnixFileMode(path, (UnixFileMode)0x1ff);
        PrivateDirectory.Ensure(path);
        Assert.Equal(PrivateDirectory.OwnerOnly, File.GetUnixFileMode(path));
    }

    [Theory]
    [InlineData("/proc/sys/lhtest")]
    [InlineData("/etc/hostname")]
    [InlineData("/etc/hostname/below")]
    public void A_directory_that_cannot_be_had_is_named(string path) => Assert.Contains(
        path, Assert.Throws<HostResourceException>(() => PrivateDirectory.Ensure(path)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_directory_on_a_read_only_file_system_is_refused_even_for_root()
    {
        string path = _directory.File("ro");
        Directory.CreateDirectory(path);
        await HostCommand.RunAsync("mount", ["-t", "tmpfs", "-o", "ro,mode=0700", "lhtest", path]);
        try
        {
            HostResourceException error = Assert.Throws<HostResourceException>(() => PrivateDirectory.Ensure(path));
            Assert.Contains("Read-only file system", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            await HostCommand.RunAsync("umount", [path]);
        }
    }

    [Fact]
    public async Task Owner_group_and_mode_are_set_but_not_through_a_symbolic_link()
    {
        string path = _directory.File("disk");
        await File.WriteAllTextAsync(path, "");
        FileOwner.Set(path, 65534, 65533, UnixFileMode.UserRead);
        Assert.Equal("65534 65533 400\n", (await HostCommand.RunAsync("stat", ["-c", "%u %g %a", path])).Output);

        string link = _directory.File("link");
        File.CreateSymbolicLink(link, path);
        Assert.Throws<HostResourceException>(() => FileOwner.Set(link, 0, 0, AtomicFile.PrivateMode));
        Assert.Contains("No such file", Assert.Throws<HostResourceException>(
            () => FileOwner.Set(_directory.File("missing"), 0, 0, AtomicFile.PrivateMode)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Free_disk_space_is_that_of_the_path_and_a_missing_path_is_named()
    {
        Assert.NotEqual(DiskSpace.FreeBytes("/dev/shm"), DiskSpace.FreeBytes(_directory.Path));
        Assert.Contains("/no/such/place", Assert.Throws<HostResourceException>(
            () => DiskSpace.FreeBytes("/no/such/place")).Message, StringComparison.Ordinal);
    }
}
