using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace FleetingPlugin.Tests;

/// <summary>Dependencies point one way: what a project may reference, and nothing else.</summary>
public sealed class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["LinuxHost"] = [],
        ["GoPlugin"] = [],
        ["VmPool"] = ["LinuxHost"],
        ["VmmProcess"] = ["VmPool", "LinuxHost"],
        ["Qemu"] = ["VmmProcess", "VmPool", "LinuxHost"],
        ["CloudHypervisor"] = ["VmmProcess", "VmPool", "LinuxHost"],
        ["FleetingPlugin"] = ["CloudHypervisor", "Qemu", "GoPlugin", "VmPool", "LinuxHost"],
    };

    [Fact]
    public void Projects_reference_only_what_the_architecture_allows()
    {
        string[] projects = Directory.GetFiles(Path.Combine(Root(), "src"), "*.csproj", SearchOption.AllDirectories);
        Assert.NotEmpty(projects);
        foreach (string project in projects)
        {
            string name = Path.GetFileNameWithoutExtension(project);
            Assert.True(Allowed.ContainsKey(name), $"{name} has no place in the house: add it to docs/ARCHITECTURE.md and to this test");
            string[] references = [.. XDocument.Load(project).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value))];
            Assert.Empty(references.Except(Allowed[name]));
        }
    }

    [Fact]
    public void Sources_use_only_namespaces_of_projects_below_them()
    {
        // A transitive reference compiles without being declared, so the text is what counts.
        foreach ((string name, string[] allowed) in Allowed)
        {
            string folder = Path.Combine(Root(), "src", name);
            string[] forbidden = [.. Allowed.Keys.Except(allowed).Where(other => other != name)];
            foreach (string file in Sources(folder))
            {
                string text = File.ReadAllText(file);
                foreach (string other in forbidden)
                {
                    Assert.False(Regex.IsMatch(text, $@"^using {other}(\.|;)", RegexOptions.Multiline), $"{file} uses {other}");
                }
            }
        }
    }

    [Fact]
    public void The_pool_knows_no_wire_format()
    {
        foreach (string file in Sources(Path.Combine(Root(), "src", "VmPool")).Concat(Sources(Path.Combine(Root(), "src", "LinuxHost"))))
        {
            Assert.DoesNotContain("using Google.Protobuf", File.ReadAllText(file), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_file_that_the_architecture_page_names_exists()
    {
        string page = File.ReadAllText(Path.Combine(Root(), "docs", "ARCHITECTURE.md"));
        string[] named = [.. Regex.Matches(page, @"`((?:src|tests|proto|docs)/[\w./]+\.\w+)`").Select(match => match.Groups[1].Value)];
        Assert.NotEmpty(named);
        Assert.All(named, file => Assert.True(File.Exists(Path.Combine(Root(), file)), $"{file} is named in docs/ARCHITECTURE.md and does not exist"));
    }

    private static IEnumerable<string> Sources(string folder) => Directory.Exists(folder)
        ? Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
        : [];

    private static string Root()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "FleetingPluginVmPool.slnx")))
        {
            directory = Path.GetDirectoryName(directory);
        }
        return directory ?? throw new InvalidOperationException("the tests do not run inside a checkout");
    }
}
