namespace LinuxHost.Tests.Files;

public sealed class DataDigestTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vmpool-digest-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void Holes_and_zeros_count_the_same()
    {
        string holes = Make("holes", length: 5 << 20, (3 << 20, 7));
        string zeros = Path.Combine(_root.FullName, "zeros");
        File.WriteAllBytes(zeros, File.ReadAllBytes(holes));

        Assert.Equal(DataDigest.Of(holes), DataDigest.Of(zeros));
        Assert.Matches("^[0-9a-f]{64}$", DataDigest.Of(holes));
    }

    [Fact]
    public void A_byte_its_place_and_the_length_all_count()
    {
        string[] digests =
        [
            DataDigest.Of(Make("a", 1 << 20)),
            DataDigest.Of(Make("b", (1 << 20) + 1)),
            DataDigest.Of(Make("c", 1 << 20, (0, 1))),
            DataDigest.Of(Make("d", 1 << 20, (0, 2))),
            DataDigest.Of(Make("e", 1 << 20, (1, 1))),
            DataDigest.Of(Make("f", 1 << 20, (65536, 1))),
            DataDigest.Of(Make("g", 1 << 20, ((1 << 20) - 1, 1))),
            DataDigest.Of(Make("h", 0)),
        ];

        Assert.Equal(digests.Length, digests.Distinct().Count());
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        string path = Path.Combine(_root.FullName, "missing");

        Assert.Contains(path, Assert.Throws<HostResourceException>(() => DataDigest.Of(path)).Message, StringComparison.Ordinal);
    }

    private string Make(string name, long length, params (long Offset, byte Value)[] bytes)
    {
        string path = Path.Combine(_root.FullName, name);
        using FileStream file = File.Create(path);
        file.SetLength(length);
        foreach ((long offset, byte value) in bytes)
        {
            file.Position = offset;
            file.WriteByte(value);
        }
        return path;
    }
}
