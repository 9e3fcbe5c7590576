using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using VmPool.Ports;

namespace VmPool.Guests;

/// <summary>
/// The one line that a guest's agent gets (DESIGN §5): a JSON object of strings, ended by a line feed, at most 16,384 bytes.
/// </summary>
internal static class AgentCall
{
    /// <summary>Longest line the agent takes, in bytes with its end.</summary>
    public const int MaximumBytes = 16384;

    private const int EntropyBytes = 64;

    /// <summary>Makes the line, with entropy and machine id that nobody else ever gets.</summary>
    /// <exception cref="HypervisorException">The identity does not fit into one call.</exception>
    public static byte[] Encode(GuestIdentity identity, DateTimeOffset now)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("id", identity.InstanceId);
            json.WriteString("hostname", identity.HostName);
            json.WriteString("machine_id", Guid.NewGuid().ToString("N"));
            json.WriteString("user", identity.User);
            json.WriteString("authorized_key", identity.AuthorizedKey.TrimEnd());
            json.WriteString("host_key", identity.HostKeyPem.TrimEnd() + "\n");
            json.WriteString("host_key_pub", identity.HostKeyPublic.TrimEnd());
            json.WriteString("time_ns", Nanoseconds(now));
            json.WriteString("entropy", Convert.ToBase64String(RandomNumberGenerator.GetBytes(EntropyBytes)));
            json.WriteEndObject();
        }
        buffer.WriteByte((byte)'\n');
        return buffer.Length <= MaximumBytes
            ? buffer.ToArray()
            : throw new HypervisorException(
                $"the identity of {identity.InstanceId} takes {buffer.Length} bytes, its guest's agent takes at most {MaximumBytes}; use a shorter static key");
    }

    private static string Nanoseconds(DateTimeOffset now) =>
        ((Int128)(now - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick).ToString(CultureInfo.InvariantCulture);
}
