namespace FleetingPlugin.HostContract;

/// <summary>A file that should hold a contract does not: broken text, broken descriptor, or a type that nothing defines.</summary>
internal sealed class ContractUnreadableException(string message, Exception? cause = null) : Exception(message, cause);
