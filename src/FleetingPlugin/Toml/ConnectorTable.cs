using System.Text.Json.Nodes;
using FleetingPlugin.Options;

namespace FleetingPlugin.Toml;

/// <summary>The runner's connector_config table as <see cref="ConnectorSettings"/>.</summary>
internal static class ConnectorTable
{
    /// <summary>Reads what is there; unknown keys are the runner's business, values of the wrong type are not.</summary>
    /// <exception cref="FormatException">A value has the wrong type; the text names key and value.</exception>
    public static ConnectorSettings Read(JsonObject table) => new()
    {
        Os = Text(table, "os"),
        Arch = Text(table, "arch"),
        Protocol = Text(table, "protocol"),
        ProtocolPort = Port(table, "protocol_port"),
        Username = Text(table, "username"),
        Password = Text(table, "password"),
        Key = KeyFile(Text(table, "key_path")),
        UseStaticCredentials = Flag(table, "use_static_credentials"),
        Keepalive = Duration(table, "keepalive"),
        Timeout = Duration(table, "timeout"),
    };

    // The runner reads this file too and sends its content; where it fails, so do we.
    private static ReadOnlyMemory<byte> KeyFile(string path)
    {
        try
        {
            return path.Length == 0 ? default : File.ReadAllBytes(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new FormatException($"connector_config.key_path = \"{path}\": {failure.Message}", failure);
        }
    }

    private static string Text(JsonObject table, string key) => Value(table, key, "a string", "");

    private static bool Flag(JsonObject table, string key) => Value(table, key, "true or false", false);

    private static int Port(JsonObject table, string key) =>
        Value(table, key, "a whole number", 0L) is >= 0 and <= 65535 and var port ? (int)port : throw Wrong(table, key, "a port from 0 to 65535");

    private static TimeSpan Duration(JsonObject table, string key)
    {
        var text = Text(table, key);
        return text.Length == 0 ? TimeSpan.Zero
            : GoDuration.TryParse(text, out var duration, out var fault) ? duration
            : throw Wrong(table, key, $"a duration such as \"10s\"; {fault}");
    }

    private static T Value<T>(JsonObject table, string key, string expected, T absent) =>
        TomlAccess.Get(table, key) is not { } node ? absent
        : node is JsonValue value && value.TryGetValue<T>(out var found) ? found
        : throw Wrong(table, key, expected);

    private static FormatException Wrong(JsonObject table, string key, string expected) =>
        new($"connector_config.{key} = {(key == "password" ? "…" : TomlAccess.Get(table, key)?.ToJsonString())}: expected {expected}");
}
