using Microsoft.Extensions.Logging;
using VmPool.Options;

namespace FleetingPlugin.HostContract;

/// <summary>The search of a plugin that serves: the runner's own environment, ancestors and remembered contracts.</summary>
internal static class RunnersContract
{
    /// <summary>Runs the search.</summary>
    /// <param name="parent">Pid of the runner, taken at start: a parent that dies leaves its children to another one.</param>
    /// <param name="log">Gets what was found.</param>
    public static ContractSearchResult Search(int parent, ILogger log) =>
        new ContractSearch(RememberedContracts(log), log)
            .Run(ContractSources.InOrder(Environment.GetEnvironmentVariable, parent), CancellationToken.None);

    // The state directory is known only after Init, which needs the contract; so the contracts are kept in the default one,
    // from the second start on that finds it there: a plugin with another state directory writes nothing outside it.
    private static ContractCache? RememberedContracts(ILogger log)
    {
        string state = new GroupOptions().StateDirectory;
        return Directory.Exists(state) ? new ContractCache(Path.Combine(state, "contracts"), log) : null;
    }
}
