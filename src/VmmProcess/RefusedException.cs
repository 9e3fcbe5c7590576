namespace VmmProcess;

/// <summary>A hypervisor understood a command and refused it; the text carries its own words.</summary>
public class RefusedException(string message) : Exception(message);
