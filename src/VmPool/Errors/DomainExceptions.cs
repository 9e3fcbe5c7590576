namespace VmPool;

/// <summary>The host lacks something we need; the text says what and how to get it.</summary>
public sealed class HostRequirementException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A hypervisor failed or ended; the text carries exit code and last output.</summary>
public sealed class HypervisorException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>An image could not be built; the text carries the failing step's last output and the path of the full log.</summary>
public sealed class ImageBuildException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Every network slot of the subnet is claimed.</summary>
public sealed class SlotsExhaustedException(string message) : Exception(message);

/// <summary>The runner asked about an instance that is not there, or not in a state that allows it; the text names it.</summary>
public sealed class InstanceNotFoundException(string message) : Exception(message);
