using LinuxHost;

namespace Qemu.Tests;

/// <summary>A network namespace with the TAP device a machine needs, as a slot has it.</summary>
internal sealed class TestSlot : IAsyncDisposable
{
    internal const uint UserId = 64123;

    private TestSlot(string name) => Name = name;

    public string Name { get; }

    public static async Task<TestSlot> CreateAsync()
    {
        Assert.True(Environment.IsPrivilegedProcess, "this test makes a network namespace: run it as root");
        var slot = new TestSlot($"qemu-test-{Guid.NewGuid().ToString("N")[..8]}");
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

    public async ValueTask DisposeAsync() => await IpAsync("netns", "del", Name);

    private static async Task IpAsync(params string[] arguments) => await HostCommand.RunAsync("ip", arguments, null, CancellationToken.None);
}
