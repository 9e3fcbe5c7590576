using System.Runtime.InteropServices;

namespace GoPlugin.Interop;

/// <summary>Whole writes to a descriptor, past .NET's Console and its buffers.</summary>
internal static class FileDescriptor
{
    /// <summary>Writes everything, or returns false when nobody reads the other end any more.</summary>
    public static unsafe bool WriteAll(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            var done = 0;
            while (done < bytes.Length)
            {
                var written = Libc.Write(descriptor, start + done, (nuint)(bytes.Length - done));
                if (written >= 0)
                {
                    done += (int)written;
                    continue;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case Libc.EINTR:
                        break;
                    case Libc.EAGAIN:
                        // Somebody made the shared pipe non-blocking; wait for room as a blocking one would.
                        var wait = new Libc.PollFd { Fd = descriptor, Events = Libc.POLLOUT };
                        _ = Libc.Poll(&wait, 1, -1);
                        break;
                    default:
                        return false;
                }
            }
        }

        return true;
    }
}
