namespace LinuxHost;

/// <summary>A device, file or kernel facility of the host could not be had or changed; the text names it and the errno.</summary>
public sealed class HostResourceException(string message, Exception? inner = null) : Exception(message, inner);
