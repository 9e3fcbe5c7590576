using Microsoft.Win32.SafeHandles;

namespace LinuxHost.Tests.Files;

public sealed class SealedMemoryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_copy_has_the_content_and_the_holes_and_nobody_can_change_it()
    {
        string source = _directory.File("source");
        using (FileStream file = File.Create(source))
        {
            file.SetLength(64 << 20);
            file.Position = 32 << 20;
            file.Write([1, 2, 3]);
        }

        using SafeFileHandle copy = SealedMemory.CopyOf(source);

        Assert.Equal(64 << 20, RandomAccess.GetLength(copy));
        byte[] read = new byte[4];
        RandomAccess.Read(copy, read, 32 << 20);
        Assert.Equal([1, 2, 3, 0], read);
        Assert.Throws<UnauthorizedAccessException>(() => RandomAccess.Write(copy, [9], 0));
        Assert.ThrowsAny<Exception>(() => RandomAccess.SetLength(copy, 1));
        // Blocks of 512 bytes: the hole is none in memory either.
        Assert.InRange(BlocksOf(copy), 1, (8 << 20) / 512);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        HostResourceException error = Assert.Throws<HostResourceException>(() => SealedMemory.CopyOf(_directory.File("absent")));

        Assert.Contains(_directory.File("absent"), error.Message, StringComparison.Ordinal);
    }

    private static long BlocksOf(SafeFileHandle file) => long.Parse(
        HostCommand.RunAsync("stat", ["-L", "-c", "%b", $"/proc/{Environment.ProcessId}/fd/{(int)file.DangerousGetHandle()}"], null, CancellationToken.None)
            .GetAwaiter().GetResult().Output.Trim(),
        System.Globalization.CultureInfo.InvariantCulture);
}
