using LinuxHost;

namespace MachineFixtures;

/// <summary>A network namespace with the TAP device a machine needs, as a slot has it.</summary>
public sealed class TestSlot : IAsyncDisposable
{
    /// <summary>The user of the machines in it.</summary>
    public const uint UserId = 64123;

    private TestSlot(string name) => Name = name;

    /// <summary>Of the namespace.</summary>
    public string Name { get; }

    /// <exception cref="InvalidOperationException">The test does not run as root.</exception>
    public static async Task<TestSlot> CreateAsync()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new InvalidOperationException("this test makes a network namespace: run it as root");
        }
        var slot = new TestSlot($"vmm-test-{Guid.NewGuid().ToString("N")[..8]}");
        await IpAsync("netns", "add", slot.Name);
        try
        {
            await IpAsync("-n", slot.Name, "tuntap", "add", "tap0", "mode", "tap", "vnet_hdr", "user", $"{UserId}");
            await IpAsync("-n", slot.Name, "link", "set", "tap0", "up");
            return slot;
        }
        catch
        {
            await slot.DisposeAsync();
            throw;
        }
    }

    /// <summary>Removes it with all its devices.</summary>
    public async ValueTask DisposeAsync() => await IpAsync("netns", "del", Name);

    private static async Task IpAsync(params string[] arguments) => await HostCommand.RunAsync("ip", arguments, null, CancellationToken.None);
}
