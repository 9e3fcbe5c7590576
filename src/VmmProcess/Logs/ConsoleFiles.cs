namespace VmmProcess;

/// <summary>Names of the files in a machine's directory that take what its guest prints.</summary>
public static class ConsoleFiles
{
    /// <summary>The guest's serial console.</summary>
    public const string Serial = "console.log";

    /// <summary>The guest's virtio console, where asked for.</summary>
    public const string Virtio = "virtio-console.log";
}
