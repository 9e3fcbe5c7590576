namespace VmPool.Instances;

/// <summary>What became of a request for more instances.</summary>
/// <param name="Ids">Accepted instances.</param>
/// <param name="Shortfall">Why there are fewer than asked; empty when there are not.</param>
public sealed record Acceptance(IReadOnlyList<string> Ids, string Shortfall);

/// <summary>One line of a listing.</summary>
public readonly record struct InstanceReport(string Id, InstanceState State);

/// <summary>How to reach a running instance.</summary>
/// <param name="Id">Instance id.</param>
/// <param name="Address">IP address, reachable from this host only.</param>
/// <param name="User">Login user.</param>
/// <param name="PrivateKey">This instance's own login key, PKCS#8 PEM; empty with static credentials.</param>
/// <param name="HostKey">The guest's SSH host key, one OpenSSH line.</param>
public sealed record InstanceConnection(string Id, string Address, string User, string PrivateKey, string HostKey);
