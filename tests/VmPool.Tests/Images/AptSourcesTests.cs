using VmPool.Images;

namespace VmPool.Tests.Images;

public sealed class AptSourcesTests : IDisposable
{
    private readonly DirectoryInfo _apt = Directory.CreateTempSubdirectory("vmpool-apt-");

    public AptSourcesTests() => _apt.CreateSubdirectory("sources.list.d");

    public void Dispose() => _apt.Delete(recursive: true);

    [Fact]
    public void Stanzas_give_the_main_archive_with_its_updates_and_the_security_archive()
    {
        Write("sources.list.d/debian.sources", """
            # a comment
            Types: deb deb-src
            URIs: http://mirror.example/debian/
            Suites: trixie trixie-updates trixie-backports
            Components: main contrib
            Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

            Types: deb
            URIs: http://mirror.example/debian-security
            Suites: trixie-security
            Components: main
            """);

        Assert.Equal(
            ["deb http://mirror.example/debian bookworm main", "deb http://mirror.example/debian bookworm-updates main",
                "deb http://mirror.example/debian-security bookworm-security main"],
            Find(null));
    }

    [Fact]
    public void Lines_are_read_with_their_options_and_other_vendors_are_left_alone()
    {
        Write("sources.list", "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] https://mirror.example/debian bookworm main # x\n");
        Write("sources.list.d/aaa.list", """
            deb [signed-by=/usr/share/keyrings/vendor.gpg] https://vendor.example/runner/debian/ bookworm main
            deb https://other.example/linux/debian bookworm stable
            """);

        Assert.Equal(["deb https://mirror.example/debian bookworm main"], Find(null));
    }

    [Fact]
    public void A_disabled_stanza_does_not_count()
    {
        Write("sources.list.d/debian.sources", "Types: deb\nEnabled: no\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\n");

        Assert.Throws<HostRequirementException>(() => Find(null));
    }

    [Fact]
    public void A_configured_mirror_replaces_the_main_archive_and_keeps_security()
    {
        Write("sources.list", """
            deb http://mirror.example/debian bookworm main
            deb http://mirror.example/debian-security bookworm-security main
            """);

        Assert.Equal(
            ["deb http://near.example/debian bookworm main", "deb http://mirror.example/debian-security bookworm-security main"],
            Find("http://near.example/debian/"));
    }

    [Fact]
    public void A_configured_mirror_is_enough_on_a_host_that_is_not_Debian()
    {
        Write("sources.list", "deb http://archive.example/ubuntu noble main\n");

        Assert.Equal(["deb http://near.example/debian bookworm main"], Find("http://near.example/debian"));
    }

    [Fact]
    public void Without_any_mirror_the_error_names_the_key_to_set()
    {
        Write("sources.list", "deb http://archive.example/ubuntu noble main\n");

        var error = Assert.Throws<HostRequirementException>(() => Find(null));

        Assert.Contains("image.mirror", error.Message, StringComparison.Ordinal);
        Assert.Contains(_apt.FullName, error.Message, StringComparison.Ordinal);
    }

    private string[] Find(string? mirror) => [.. AptSources.Find(_apt.FullName, "bookworm", mirror).Select(source => source.ToString())];

    private void Write(string name, string content) => File.WriteAllText(Path.Combine(_apt.FullName, name), content);
}
