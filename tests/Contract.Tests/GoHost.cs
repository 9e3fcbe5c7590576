using LinuxHost;

namespace Contract.Tests;

/// <summary>The Go test host and the Go reference plugin, built once for all tests (and for every later run, while nothing changed).</summary>
public sealed class GoHost : IAsyncLifetime
{
    /// <summary>The host program; see its own usage text.</summary>
    public string Host => Path.Combine(Directory, "host");

    /// <summary>The same program built for another contract, see tests/Contract/host/contracts.</summary>
    public string HostOf(string contract) => Path.Combine(Directory, "host-" + contract);

    /// <summary>A fleeting plugin written in Go that the suite must accept.</summary>
    public string Reference => Path.Combine(Directory, "reference");

    private string Directory { get; set; } = "";

    public async Task InitializeAsync()
    {
        // HostCommand hides the environment from its children; the builder's two settings are passed on by name.
        var environment = new Dictionary<string, string>();
        foreach (string name in new[] { "HOME", "VMPOOL_TEST_CACHE" })
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                environment[name] = value;
            }
        }
        HostCommandResult result = await HostCommand.RunAsync(Path.Combine(Repository.Root, "scripts", "build-go-host"), [],
            new HostCommandOptions { Timeout = TimeSpan.FromMinutes(8), Environment = environment });
        Directory = result.Output.Trim();
    }

    public Task DisposeAsync() => Task.CompletedTask;
}

/// <summary>Shares one build among all test classes and runs them one after another: they measure how a process behaves in time.</summary>
[CollectionDefinition(Name)]
public sealed class SharedGoHost : ICollectionFixture<GoHost>
{
    public const string Name = "Go host";
}
