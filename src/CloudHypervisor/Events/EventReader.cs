using System.Text.Json;

namespace CloudHypervisor;

/// <summary>
/// Reads events as Cloud Hypervisor writes them: one JSON object after the other, over several lines each, with an empty line
/// behind each. Whoever begins to read in the middle, or meets something else, goes on behind the next empty line.
/// </summary>
internal sealed class EventReader(Stream stream)
{
    // An event has 200 bytes. More than this without an end comes from a process that is no longer Cloud Hypervisor's own.
    private const int LongestEvent = 64 << 10;

    private byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;

    /// <summary>The next event; absent at the end.</summary>
    /// <exception cref="IOException">Reading failed.</exception>
    internal async Task<MachineEvent?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryTake(out MachineEvent? found))
            {
                if (found is not null)
                {
                    return found;
                }
                continue;
            }
            if (!await FillAsync(cancellationToken))
            {
                return null;
            }
        }
    }

    /// <summary>Takes one object, or what is none, off the buffer; false when there is no whole one yet.</summary>
    private bool TryTake(out MachineEvent? found)
    {
        found = null;
        ReadOnlySpan<byte> rest = _buffer.AsSpan(_start, _end - _start);
        var reader = new Utf8JsonReader(rest, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { AllowMultipleValues = true }));
        try
        {
            if (!JsonDocument.TryParseValue(ref reader, out JsonDocument? document))
            {
                return false;
            }
            using (document)
            {
                found = MachineEvent.Of(document.RootElement);
            }
            _start += (int)reader.BytesConsumed;
            return true;
        }
        catch (JsonException)
        {
            int gap = rest.IndexOf("\n\n"u8);
            // Without an empty line the rest of the nonsense is still to come; what is here already is of no use.
            _start = gap < 0 ? _end : _start + gap + 2;
            return gap >= 0;
        }
    }

    private async Task<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        if (_end == LongestEvent)
        {
            _end = 0;
        }
        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Min(LongestEvent, _buffer.Length * 2));
        }
        int count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += count;
        return count > 0;
    }
}
