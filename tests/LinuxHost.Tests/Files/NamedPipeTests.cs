using Microsoft.Win32.SafeHandles;

namespace LinuxHost.Tests.Files;

public sealed class NamedPipeTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_pipe_is_for_its_owner_alone_takes_the_place_of_what_was_there_and_needs_no_reader()
    {
        string path = _directory.File("pipe");
        File.WriteAllText(path, "left by somebody");

        using SafeFileHandle writer = NamedPipe.Create(path);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        using var stream = new FileStream(writer, FileAccess.Write, 0);
        stream.Write("waits"u8);
    }

    [Fact]
    public void A_directory_that_is_not_there_is_named() => Assert.Contains(
        $"cannot make the pipe {_directory.File("no/pipe")}", Assert.Throws<HostResourceException>(() => NamedPipe.Create(_directory.File("no/pipe"))).Message,
        StringComparison.Ordinal);
}
