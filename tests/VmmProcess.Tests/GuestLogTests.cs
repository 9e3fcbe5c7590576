using LinuxHost;
using MachineFixtures;
using Microsoft.Win32.SafeHandles;

namespace VmmProcess.Tests;

public sealed class GuestLogTests
{
    [Fact]
    public void A_long_log_is_cut_to_its_end_and_its_writer_goes_on_behind_it()
    {
        using var directory = new TestDirectory();
        File.WriteAllText(directory["log"], new string('a', GuestLog.MaximumBytes) + "\nlast line\n");
        using SafeFileHandle writer = NativeFile.OpenForAppend(directory["log"])!;
        var log = new GuestLog(directory["log"]);

        Assert.True(log.Trim());
        // The kernel puts it at the end, wherever the writer believes to be.
        RandomAccess.Write(writer, "next line\n"u8, GuestLog.MaximumBytes);

        Assert.InRange(new FileInfo(directory["log"]).Length, 1, GuestLog.MaximumBytes / 2);
        Assert.StartsWith("[earlier output was dropped]\n", File.ReadAllText(directory["log"]), StringComparison.Ordinal);
        Assert.Equal("last line\nnext line", log.Tail(2));
    }

    [Fact]
    public void The_room_in_front_of_a_long_log_is_given_back_where_its_writer_keeps_its_own_position()
    {
        using var directory = new TestDirectory();
        using SafeFileHandle writer = File.OpenHandle(directory["log"], FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        long position = 0;
        void Write(string text)
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
            RandomAccess.Write(writer, bytes, position);
            position += bytes.Length;
        }
        Write(new string('a', 3 * GuestLog.MaximumBytes) + "\nlast line\n");
        var log = new GuestLog(directory["log"], IsAppended: false);

        Assert.True(log.Trim());
        Assert.False(log.Trim());
        Write("next line\n");

        Assert.Equal(position, new FileInfo(directory["log"]).Length);
        Assert.InRange(Blocks(directory["log"]) * 512, 1, GuestLog.MaximumBytes / 2);
        Assert.Equal("last line\nnext line", log.Tail(2));
    }

    [Fact]
    public void A_short_or_missing_log_is_left_alone()
    {
        using var directory = new TestDirectory();
        File.WriteAllText(directory["log"], "short\n");

        Assert.False(new GuestLog(directory["log"]).Trim());
        Assert.False(new GuestLog(directory["absent"]).Trim());
        Assert.Equal("short\n", File.ReadAllText(directory["log"]));
        Assert.Equal("", new GuestLog(directory["absent"]).Tail(5));
    }

    [Fact]
    public void A_link_planted_by_the_machine_is_neither_read_nor_cut()
    {
        using var directory = new TestDirectory();
        File.WriteAllText(directory["secret"], new string('s', GuestLog.MaximumBytes + 1));
        File.CreateSymbolicLink(directory["log"], directory["secret"]);
        var log = new GuestLog(directory["log"]);

        Assert.Throws<IOException>(() => log.Trim());
        Assert.DoesNotContain("sss", log.Tail(5), StringComparison.Ordinal);
        Assert.Equal(GuestLog.MaximumBytes + 1, new FileInfo(directory["secret"]).Length);
    }

    [Fact]
    public async Task A_pipe_planted_by_the_machine_does_not_block_us()
    {
        using var directory = new TestDirectory();
        await HostCommand.RunAsync("mkfifo", [directory["log"]], null, CancellationToken.None);

        string tail = await Task.Run(() => new GuestLog(directory["log"]).Tail(5)).WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Contains("not a regular file", tail, StringComparison.Ordinal);
    }

    private static long Blocks(string path) =>
        long.Parse(HostCommand.RunAsync("stat", ["-c", "%b", path], null, CancellationToken.None).GetAwaiter().GetResult().Output, System.Globalization.CultureInfo.InvariantCulture);

    [Fact]
    public void Control_sequences_of_the_guest_do_not_reach_our_messages()
    {
        using var directory = new TestDirectory();
        File.WriteAllText(directory["log"], "\u001b[2J\u001b[1;31mred\u001b[0m\a\r\n\u001bcplain\r\n");

        Assert.Equal("red\nplain", new GuestLog(directory["log"]).Tail(5));
    }
}
