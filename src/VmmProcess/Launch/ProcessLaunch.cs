using LinuxHost;
using Microsoft.Win32.SafeHandles;

namespace VmmProcess;

/// <summary>Everything the launch of one hypervisor process needs.</summary>
public sealed record ProcessLaunch
{
    /// <summary>The number under which the process inherits its listening control socket.</summary>
    public const int ControlDescriptor = 3;

    /// <summary>The slot's network namespace.</summary>
    public required string NetworkNamespace { get; init; }

    /// <summary>The unprivileged user and group it runs as.</summary>
    public required uint UserId { get; init; }

    /// <summary>The hypervisor, a name on PATH or an absolute path.</summary>
    public required string Program { get; init; }

    /// <summary>Its arguments.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Host files it must see.</summary>
    public required MachineView View { get; init; }

    /// <summary>Bytes of the largest file it must be able to write.</summary>
    public required long LargestFile { get; init; }

    /// <summary>Name of its control socket in the machine's directory.</summary>
    public required string SocketName { get; init; }

    /// <summary>Name of the file in the machine's directory that takes its standard output and error, and those of the steps before it.</summary>
    public required string OutputName { get; init; }

    /// <summary>Devices it opens by itself. One that the host lacks is left out: the hypervisor says best what it misses.</summary>
    public IReadOnlyList<DeviceNode> Devices { get; init; } = [];

    /// <summary>The number under which it inherits the slot's TAP device, opened; absent when it opens the device by itself.</summary>
    public int? TapDescriptor { get; init; }

    /// <summary>Further descriptors that it inherits, by the number it sees. They stay the caller's.</summary>
    public IReadOnlyDictionary<int, SafeFileHandle> Descriptors { get; init; } = new Dictionary<int, SafeFileHandle>();

    /// <summary>Added to the clean environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Starts it.</summary>
    /// <exception cref="HostResourceException">It could not be started; nothing is left.</exception>
    public Task<StartedProcess> StartAsync() => Launcher.StartAsync(this);
}
