using System.Text.Json;

namespace Contract.Tests;

/// <summary>A configuration of a simulated group of its own, and the directory it keeps its state in.</summary>
internal sealed class SimulatedGroup : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vmpool-contract-").FullName;

    /// <summary><c>plugin_config</c> as the runner would pass it.</summary>
    public string Config => JsonSerializer.Serialize(new Dictionary<string, string>
    {
        ["hypervisor"] = "simulated",
        ["simulated_boot"] = "100ms",
        ["name"] = "c" + Guid.NewGuid().ToString("N")[..8],
        ["state_directory"] = Path.Combine(_directory, "state"),
    });

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
