using LinuxHost.Tests.Network;

namespace LinuxHost.Tests.Kernel;

public sealed class OwnMountsTests : IDisposable
{
    private const uint UserId = 64321;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_view_is_seen_by_the_process_started_in_it_and_by_nobody_else()
    {
        await using TestNamespace space = await TestNamespace.CreateAsync();
        string place = Directory.CreateDirectory(_directory.File("place")).FullName;
        string source = _directory.File("source");
        string output = _directory.File("output");
        await File.WriteAllTextAsync(source, "shown\n");

        ChildProcess child = await NetworkNamespace.RunInsideAsync(space.Name, () =>
        {
            OwnMounts.Begin();
            OwnMounts.MountSystemDevices();
            OwnMounts.MountMemory(place, "mode=0755,size=64k");
            File.Create($"{place}/file").Dispose();
            OwnMounts.Bind(source, $"{place}/file");
            OwnMounts.MakeDevice($"{place}/null", 1, 3, UserId);
            return Spawn.Start(new SpawnRequest
            {
                Program = "sh",
                Arguments =
                [
                    "-c", "cat \"$0/file\"; stat -c '%u %a %t:%T' \"$0/null\"; echo works >\"$0/null\"; ls /sys/class/net; grep -c ' - nsfs ' /proc/self/mountinfo; true",
                    place,
                ],
                OutputPath = output,
            });
        });

        Assert.Equal(0, await child.Exited.WaitAsync(Eventually.Deadline));
        Assert.Equal($"shown\n{UserId} 600 1:3\nlo\n0\n", await File.ReadAllTextAsync(output));
        Assert.Empty(Directory.EnumerateFileSystemEntries(place));
        Assert.DoesNotContain(MountTable.Read(), mount => mount.MountPoint.StartsWith(_directory.Path, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_cannot_be_shown_is_named_with_its_place()
    {
        await using TestNamespace space = await TestNamespace.CreateAsync();

        HostResourceException error = await Assert.ThrowsAsync<HostResourceException>(() => NetworkNamespace.RunInsideAsync(space.Name, () =>
        {
            OwnMounts.Begin();
            OwnMounts.Bind(_directory.File("absent"), _directory.Path);
            return 0;
        }));

        Assert.Equal($"cannot mount {_directory.File("absent")} on {_directory.Path}: No such file or directory (errno 2)", error.Message);
    }
}
