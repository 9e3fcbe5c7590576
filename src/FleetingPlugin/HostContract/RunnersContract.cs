using Microsoft.Extensions.Logging;
using VmPool.Options;

namespace FleetingPlugin.HostContract;

/// <summary>The search of a plugin that serves: the runner's own environment, ancestors and remembered contracts.</summary>
internal static class RunnersContract
{
    /// <summary>Prepares the search. To be called first thing in Main: a parent that dies leaves its children to another one.</summary>
    public static Func<ContractSearchResult> Search(ILogger log)
    {
        int parent = ContractSources.ParentOf(Environment.ProcessId);
        return () => new ContractSearch(RememberedContracts(log), log)
            .Run(ContractSources.InOrder(Environment.GetEnvironmentVariable, parent), CancellationToken.None);
    }

    // The state directory is known only after Init, which needs the contract; so the contracts are kept in the default one,
    // from the second start on that finds it there: a plugin with another state directory writes nothing outside it.
    private static ContractCache? RememberedContracts(ILogger log)
    {
        string state = new GroupOptions().StateDirectory;
        return Directory.Exists(state) ? new ContractCache(Path.Combine(state, "contracts"), log) : null;
    }
}
