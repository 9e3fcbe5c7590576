namespace VmPool.Instances;

/// <summary>
/// Where an instance stands, in fleeting's words:
/// <code>
/// creating ──> running ──> deleting ──> deleted
///     └───────────────────────^
/// </code>
/// </summary>
public enum InstanceState
{
    /// <summary>Accepted; work on it has begun or waits.</summary>
    Creating,

    /// <summary>Takes connections.</summary>
    Running,

    /// <summary>Being torn down, by request or because it failed.</summary>
    Deleting,

    /// <summary>Nothing of it is left; reported once more, then forgotten.</summary>
    Deleted,
}

/// <summary>fleeting's words for the states, and which change may follow which.</summary>
public static class InstanceStates
{
    /// <summary>The word that goes over the wire.</summary>
    public static string Word(this InstanceState state) => state switch
    {
        InstanceState.Creating => "creating",
        InstanceState.Running => "running",
        InstanceState.Deleting => "deleting",
        InstanceState.Deleted => "deleted",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "not a state"),
    };

    internal static bool MayBecome(this InstanceState from, InstanceState to) => (from, to) switch
    {
        (InstanceState.Creating, InstanceState.Running or InstanceState.Deleting) => true,
        (InstanceState.Running, InstanceState.Deleting) => true,
        (InstanceState.Deleting, InstanceState.Deleted) => true,
        _ => false,
    };
}
