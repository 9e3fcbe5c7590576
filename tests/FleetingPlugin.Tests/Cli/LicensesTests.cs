using System.Text.Json;
using FleetingPlugin.Cli;

namespace FleetingPlugin.Tests.Cli;

public sealed class LicensesTests
{
    [Fact]
    public async Task Every_component_is_printed_with_its_licence_text()
    {
        var (exitCode, output, error) = await TestCommandLine.RunAsync("licenses");
        Assert.Equal((0, ""), (exitCode, error));
        foreach (var component in ThirdParty.Components)
        {
            Assert.Contains($"{component.Name} {component.Version}, {component.License}", output, StringComparison.Ordinal);
            Assert.All(component.Texts, text => Assert.Contains(ThirdParty.Text(text).Trim(), output, StringComparison.Ordinal));
        }

        Assert.Contains("Permission is hereby granted, free of charge", output, StringComparison.Ordinal);
        Assert.Contains("Neither the name of Google Inc.", output, StringComparison.Ordinal);
        Assert.Contains("Antoine Aubry", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_text_in_the_folder_belongs_to_a_component()
    {
        var files = Directory.GetFiles(RepositoryFiles.Path("src", "FleetingPlugin", "Licenses"), "*.txt").Select(Path.GetFileName);
        Assert.Equal(files.Order(), ThirdParty.Components.SelectMany(component => component.Texts).Distinct().Order());
    }

    [Fact]
    public void The_list_is_what_the_build_puts_into_the_executable()
    {
        var path = RepositoryFiles.Path("src", "FleetingPlugin", "obj", "project.assets.json");
        using var assets = JsonDocument.Parse(File.ReadAllBytes(path));
        var packages = assets.RootElement.GetProperty("targets").EnumerateObject().Single(target => target.Name.EndsWith("/linux-x64", StringComparison.Ordinal)).Value
            .EnumerateObject()
            .Where(library => library.Value.GetProperty("type").GetString() == "package" && library.Value.TryGetProperty("runtime", out var files)
                && files.EnumerateObject().Any(file => !file.Name.EndsWith("/_._", StringComparison.Ordinal)))
            .Select(library => library.Name);
        var runtimePacks = assets.RootElement.GetProperty("project").GetProperty("frameworks").EnumerateObject().Single().Value.GetProperty("downloadDependencies")
            .EnumerateArray().Select(pack => pack.GetProperty("name").GetString()!)
            .Where(name => name.EndsWith(".Runtime.linux-x64", StringComparison.Ordinal));

        // Packages with their version; runtime packs by name, their version is that of the SDK.
        Assert.Equal(
            packages.Order(),
            ThirdParty.Components.Where(component => !IsPartOfTheRuntime(component)).Select(component => $"{component.Name}/{component.Version}").Order());
        Assert.Equal(
            runtimePacks.Order(),
            ThirdParty.Components.Where(component => component.Name.EndsWith(".Runtime", StringComparison.Ordinal)).Select(component => component.Name + ".linux-x64").Order());
    }

    // The logging abstractions are referenced as a package, but the shared framework brings them.
    private static bool IsPartOfTheRuntime(ThirdPartyComponent component) =>
        component.Name.EndsWith(".Runtime", StringComparison.Ordinal) || component.Source.Contains("as part of", StringComparison.Ordinal);
}
