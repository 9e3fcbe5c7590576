using System.Globalization;
using System.Text;

namespace CloudHypervisorStandIn;

/// <summary>
/// Cuts a client's bytes into requests with the peculiarities of micro-http: lines have at most 1024 bytes, a body without a
/// length is none (so the chunks of a chunked body are read as the next request), and an error drops what was read with it.
/// </summary>
/// <param name="maximumBody">Bytes a body may have.</param>
internal sealed class HttpParser(int maximumBody)
{
    /// <summary>The most that is read at once, and the longest line.</summary>
    internal const int ReadSize = 1024;

    private readonly List<byte> _line = [];
    private string? _method;
    private string _path = "";
    private int _length;
    private bool _expectsContinue;
    private byte[]? _body;
    private int _received;

    /// <summary>Takes bytes in the order of their arrival, at most <see cref="ReadSize"/> of them.</summary>
    /// <param name="bytes">What was read at once.</param>
    /// <param name="mustContinue">Whether the client waits to be told to go on.</param>
    /// <returns>The requests that are complete now.</returns>
    /// <exception cref="FormatException">No request; what was sent together with it is dropped.</exception>
    internal IReadOnlyList<HttpRequest> Feed(ReadOnlySpan<byte> bytes, out bool mustContinue)
    {
        var complete = new List<HttpRequest>();
        mustContinue = false;
        try
        {
            while (bytes.Length > 0)
            {
                bytes = _body is null ? ReadLine(bytes, complete) : ReadBody(bytes, complete);
                mustContinue |= _body is not null && _expectsContinue && _received == 0;
            }
            return complete;
        }
        catch (FormatException)
        {
            Reset();
            throw;
        }
    }

    private ReadOnlySpan<byte> ReadLine(ReadOnlySpan<byte> bytes, List<HttpRequest> complete)
    {
        int end = bytes.IndexOf((byte)'\n');
        _line.AddRange(end < 0 ? bytes : bytes[..(end + 1)]);
        if (_line.Count > ReadSize)
        {
            throw new FormatException(_method is null ? "Invalid request." : "Invalid header.");
        }
        if (end < 0)
        {
            return [];
        }
        string line = Encoding.Latin1.GetString([.. _line]).TrimEnd('\n').TrimEnd('\r');
        _line.Clear();
        if (_method is null)
        {
            ReadRequestLine(line);
        }
        else if (line.Length > 0)
        {
            ReadHeader(line);
        }
        else if (_length == 0)
        {
            complete.Add(new HttpRequest(_method, _path, null));
            Reset();
        }
        else
        {
            _body = new byte[_length];
        }
        return bytes[(end + 1)..];
    }

    private ReadOnlySpan<byte> ReadBody(ReadOnlySpan<byte> bytes, List<HttpRequest> complete)
    {
        int count = Math.Min(bytes.Length, _body!.Length - _received);
        bytes[..count].CopyTo(_body.AsSpan(_received));
        _received += count;
        if (_received == _body.Length)
        {
            complete.Add(new HttpRequest(_method!, _path, _body));
            Reset();
        }
        return bytes[count..];
    }

    private void ReadRequestLine(string line)
    {
        string[] words = line.Split(' ');
        if (words[0] is not ("GET" or "PUT" or "PATCH"))
        {
            throw new FormatException("Invalid HTTP Method: Unsupported HTTP method.");
        }
        if (words.Length != 3)
        {
            throw new FormatException("Invalid request.");
        }
        if (words[2] is not ("HTTP/1.0" or "HTTP/1.1"))
        {
            throw new FormatException("Invalid HTTP Version: Unsupported HTTP version.");
        }
        (_method, _path) = (words[0], words[1]);
    }

    private void ReadHeader(string line)
    {
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            throw new FormatException("Invalid header.");
        }
        string value = line[(colon + 1)..].Trim();
        switch (line[..colon].Trim().ToUpperInvariant())
        {
            case "CONTENT-LENGTH" when !int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _length):
                throw new FormatException("Invalid header.");
            case "CONTENT-LENGTH" when _length > maximumBody:
                throw new FormatException(string.Create(CultureInfo.InvariantCulture,
                    $"Request payload with size {_length} is larger than the limit of {maximumBody} allowed by server."));
            case "EXPECT":
                _expectsContinue = value == "100-continue";
                break;
        }
    }

    private void Reset()
    {
        _line.Clear();
        (_method, _path, _length, _expectsContinue, _body, _received) = (null, "", 0, false, null, 0);
    }
}
