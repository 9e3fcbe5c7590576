namespace LinuxHost.Tests;

public sealed class DirectoryTreeTests : IDisposable
{
    private readonly TemporaryDirectory _root = new();

    private string Tree => _root.File("tree");

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task A_directory_goes_with_files_links_pipes_and_directories_and_what_links_point_to_stays()
    {
        string outside = Directory.CreateDirectory(_root.File("outside")).FullName;
        string kept = Path.Join(outside, "kept");
        await File.WriteAllTextAsync(kept, "kept");
        Directory.CreateDirectory(Path.Join(Tree, "sub", ".hidden"));
        await File.WriteAllTextAsync(Path.Join(Tree, "sub", ".hidden", "file"), "gone");
        await File.WriteAllTextAsync(Path.Join(Tree, ".file"), "gone");
        File.CreateSymbolicLink(Path.Join(Tree, "link"), kept);
        Directory.CreateSymbolicLink(Path.Join(Tree, "directory-link"), outside);
        await HostCommand.RunAsync("mkfifo", [Path.Join(Tree, "pipe")]);

        await DirectoryTree.RemoveAsync(Tree);

        Assert.False(Directory.Exists(Tree));
        Assert.Equal("kept", await File.ReadAllTextAsync(kept));
    }

    [Fact]
    public async Task What_is_gone_already_is_no_error() => await DirectoryTree.RemoveAsync(Tree);

    [Fact]
    public async Task A_link_in_the_place_of_the_directory_goes_and_what_it_points_to_stays()
    {
        string outside = Directory.CreateDirectory(_root.File("outside")).FullName;
        await File.WriteAllTextAsync(Path.Join(outside, "kept"), "kept");
        Directory.CreateSymbolicLink(Tree, outside);

        await DirectoryTree.RemoveAsync(Tree);

        Assert.Null(new FileInfo(Tree).LinkTarget);
        Assert.True(File.Exists(Path.Join(outside, "kept")));
    }

    [Fact]
    public async Task Trees_with_many_or_oddly_named_files_and_those_deeper_than_any_path_go_too()
    {
        Directory.CreateDirectory(Path.Join(Tree, "many"));
        foreach (int i in Enumerable.Range(0, 1000))
        {
            await File.WriteAllTextAsync(Path.Join(Tree, "many", $"{i}"), "");
        }
        await HostCommand.RunAsync("bash", ["-c", "cd -- \"$1\" && : > $'not\\xffutf8'", "odd", Tree]);
        await HostCommand.RunAsync("bash", ["-c", "cd -- \"$1\" && name=$(printf 'd%.0s' {1..200}) && for i in {1..40}; do mkdir $name && cd $name; done", "deep", Tree]);

        await DirectoryTree.RemoveAsync(Tree);

        Assert.False(Directory.Exists(Tree));
    }

    [Fact]
    public async Task Another_file_system_mounted_inside_is_left_alone_and_said()
    {
        string mounted = Directory.CreateDirectory(Path.Join(Tree, "mounted")).FullName;
        await HostCommand.RunAsync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", mounted]);
        try
        {
            await File.WriteAllTextAsync(Path.Join(mounted, "kept"), "kept");

            HostCommandException error = await Assert.ThrowsAsync<HostCommandException>(() => DirectoryTree.RemoveAsync(Tree));

            Assert.Contains("mounted", error.Message, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Join(mounted, "kept")));
        }
        finally
        {
            await HostCommand.RunAsync("umount", ["--lazy", mounted]);
        }
    }
}
