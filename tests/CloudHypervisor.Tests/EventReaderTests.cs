using System.Text;
using MachineFixtures;
using Microsoft.Win32.SafeHandles;

namespace CloudHypervisor.Tests;

public sealed class EventReaderTests
{
    // As Cloud Hypervisor writes them.
    private const string Two = """
        {
          "timestamp": {
            "secs": 0,
            "nanos": 5
          },
          "source": "vm",
          "event": "booted",
          "properties": null
        }

        {
          "timestamp": { "secs": 1, "nanos": 0 },
          "source": "virtio-device",
          "event": "activated",
          "properties": {
            "id": "disk0"
          }
        }


        """;

    private static readonly MachineEvent[] Both = [new("vm", "booted"), new("virtio-device", "activated")];

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task Events_are_found_however_they_are_cut_into_pieces(int size) =>
        Assert.Equal(Both, await ReadAllAsync(Two, size));

    [Theory]
    [InlineData("booting\",\n  \"properties\": null\n}\n\n")]
    [InlineData("}\n\n")]
    [InlineData("not json at all\n\n")]
    [InlineData("5 true [1, 2] {} {\"source\": \"vm\"} {\"source\": 1, \"event\": 2} {\"source\": \"\\ud800\", \"event\": \"x\"}\n")]
    [InlineData("\0\u0001\n\n")]
    public async Task What_is_no_event_is_passed_over(string nonsense)
    {
        Assert.Equal(Both, await ReadAllAsync(nonsense + Two, 100_000));
        Assert.Equal(Both, await ReadAllAsync(nonsense + Two, 3));
    }

    [Fact]
    public async Task An_endless_event_is_given_up()
    {
        string endless = "{\"source\": \"" + new string('x', 500_000) + "\n\n";

        Assert.Equal(Both, (await ReadAllAsync(endless + Two, 4096))[^2..]);
    }

    [Fact]
    public async Task Events_wait_in_the_pipe_for_whoever_reads_next()
    {
        using var directory = new TestDirectory();
        (SafeFileHandle writer, Stream reader) = EventPipe.Create(directory.Path);
        using (writer)
        {
            await WriteAsync(writer, Two[..40]);
            byte[] part = new byte[10];
            Assert.Equal(10, await reader.ReadAsync(part));
            await reader.DisposeAsync();
            await WriteAsync(writer, Two[40..] + Two);

            await using Stream next = EventPipe.Open(directory.Path)!;
            var events = new EventReader(next);

            // Of the first, somebody else has read the beginning.
            foreach (MachineEvent expected in (MachineEvent[])[Both[1], .. Both])
            {
                Assert.Equal(expected, await events.ReadAsync(CancellationToken.None));
            }
            Task<MachineEvent?> waiting = events.ReadAsync(CancellationToken.None);
            Assert.False(waiting.IsCompleted);
            writer.Dispose();
            Assert.Null(await waiting.WaitAsync(TimeSpan.FromSeconds(30)));
        }
    }

    [Fact]
    public async Task Waiting_for_an_event_can_be_given_up()
    {
        using var directory = new TestDirectory();
        (SafeFileHandle writer, Stream reader) = EventPipe.Create(directory.Path);
        using SafeFileHandle _ = writer;
        await using Stream __ = reader;
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new EventReader(reader).ReadAsync(patience.Token).WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void What_is_no_pipe_is_refused()
    {
        using var directory = new TestDirectory();
        Assert.Null(EventPipe.Open(directory.Path));
        File.WriteAllText(directory["real"], "");
        File.CreateSymbolicLink(directory[MachineFiles.Events], directory["real"]);
        Assert.ThrowsAny<IOException>(() => EventPipe.Open(directory.Path));
        File.Delete(directory[MachineFiles.Events]);
        File.WriteAllText(directory[MachineFiles.Events], "");
        Assert.ThrowsAny<IOException>(() => EventPipe.Open(directory.Path));
    }

    private static async Task WriteAsync(SafeFileHandle writer, string text)
    {
        // A duplicate, as the hypervisor's: .NET would close the handle with its stream.
        await using var stream = new FileStream($"/proc/self/fd/{(int)writer.DangerousGetHandle()}", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text));
    }

    private static async Task<MachineEvent[]> ReadAllAsync(string text, int size)
    {
        var reader = new EventReader(new Pieces(Encoding.UTF8.GetBytes(text), size));
        var found = new List<MachineEvent>();
        while (await reader.ReadAsync(CancellationToken.None) is { } next)
        {
            found.Add(next);
        }
        return [.. found];
    }

    private sealed class Pieces(byte[] content, int size) : MemoryStream(content)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(size, buffer.Length)], cancellationToken);
    }
}
