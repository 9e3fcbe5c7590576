using LinuxHost;
using Microsoft.Win32.SafeHandles;

namespace NetworkDriver;

/// <summary>
/// Plays the hypervisor: carries frames between a slot's tap0 and the TAP "card" of a namespace that plays the guest, so
/// that the real tap0 is under test.
/// </summary>
internal static class Cable
{
    private const int LargestFrame = 70_000;

    public static async Task RunAsync(string slot, string guest)
    {
        SafeFileHandle inside = await TapDevice.OpenAsync("tap0", slot);
        SafeFileHandle outside = await TapDevice.OpenAsync("card", guest);
        Console.WriteLine("ready");
        await Task.WhenAny(CarryAsync(inside, outside), CarryAsync(outside, inside));
    }

    private static Task CarryAsync(SafeFileHandle from, SafeFileHandle to) => Task.Factory.StartNew(() =>
    {
        using var source = new FileStream(from, FileAccess.Read, 0);
        using var sink = new FileStream(to, FileAccess.Write, 0);
        byte[] frame = new byte[LargestFrame];
        for (int length; (length = source.Read(frame)) > 0;)
        {
            sink.Write(frame, 0, length);
        }
    }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
