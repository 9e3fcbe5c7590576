using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FleetingPlugin.Options;

namespace FleetingPlugin.Toml;

/// <summary>One [[runners]] entry of the runner's config.toml that uses this plugin.</summary>
/// <param name="Name">The entry's name; empty when it has none.</param>
/// <param name="Executor">The entry's executor word; empty when it has none.</param>
/// <param name="PluginConfig">plugin_config as JSON, as the runner would send it; <c>null</c> in JSON when there is none.</param>
/// <param name="Connector">connector_config, with the content of key_path.</param>
internal sealed record RunnerEntry(string Name, string Executor, ReadOnlyMemory<byte> PluginConfig, ConnectorSettings Connector);

/// <summary>config.toml cannot be read, or does not say which entry is meant; the text names the file.</summary>
internal sealed class RunnerConfigException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Reads from the runner's config.toml what the plugin would be given, for commands that run beside it.</summary>
internal static class RunnerConfigFile
{
    /// <summary>Where the packaged runner keeps it.</summary>
    public const string DefaultPath = "/etc/gitlab-runner/config.toml";

    private const string PluginName = "fleeting-plugin-vmpool";

    // config.toml must be UTF-8; silently replaced bytes would hide the fault.
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the entry of that name, or the only one that uses this plugin.</summary>
    /// <param name="path">The file.</param>
    /// <param name="runner">The entry's name; needed when several entries use this plugin.</param>
    /// <param name="reader">The TOML reader.</param>
    /// <exception cref="RunnerConfigException">The file is missing, unreadable or no TOML, or no single entry is meant.</exception>
    public static RunnerEntry Read(string path, string? runner, ITomlReader reader)
    {
        string text;
        try
        {
            text = File.ReadAllText(path, StrictUtf8);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or DecoderFallbackException or NotSupportedException or ArgumentException)
        {
            var reason = failure is DecoderFallbackException ? "it is not UTF-8"
                : failure is FileNotFoundException or DirectoryNotFoundException ? "it does not exist"
                : Directory.Exists(path) ? "it is a directory"
                : failure.Message.TrimEnd('.');
            throw new RunnerConfigException($"cannot read {path}: {reason}; name the runner's configuration with --config", failure);
        }

        return Select(text, path, runner, reader);
    }

    /// <summary>As <see cref="Read"/>, from text.</summary>
    public static RunnerEntry Select(string text, string path, string? runner, ITomlReader reader)
    {
        JsonObject document;
        try
        {
            document = reader.Read(text);
        }
        catch (TomlException fault)
        {
            throw new RunnerConfigException($"{path}: {fault.Message}", fault);
        }

        var entries = (TomlAccess.Get(document, "runners") as JsonArray ?? []).OfType<JsonObject>().ToList();
        var ours = entries.Where(IsOurs).ToList();
        var matching = runner is null ? ours : ours.Where(entry => NameOf(entry) == runner).ToList();
        return matching.Count == 1 ? ToEntry(matching[0], path) : throw NotOne(path, runner, entries, ours, matching.Count);
    }

    /// <summary>Whether a <c>plugin</c> value means this plugin: its name, a path to it, or an OCI reference that ends in it.</summary>
    public static bool MeansThisPlugin(string plugin)
    {
        var last = plugin[(plugin.LastIndexOf('/') + 1)..];
        return plugin.Contains(PluginName, StringComparison.Ordinal) || last.Split(':', '@')[0] == "vmpool";
    }

    private static bool IsOurs(JsonObject entry) =>
        TomlAccess.Get(entry, "autoscaler") is JsonObject autoscaler && MeansThisPlugin(TomlAccess.Text(autoscaler, "plugin"));

    private static string NameOf(JsonObject entry) => TomlAccess.Text(entry, "name");

    private static RunnerEntry ToEntry(JsonObject entry, string path)
    {
        var autoscaler = TomlAccess.Get(entry, "autoscaler") as JsonObject ?? [];
        try
        {
            return new RunnerEntry(
                NameOf(entry),
                TomlAccess.Text(entry, "executor"),
                ToJson(TomlAccess.Get(autoscaler, "plugin_config")),
                ConnectorTable.Read(TomlAccess.Get(autoscaler, "connector_config") as JsonObject ?? []));
        }
        catch (FormatException fault)
        {
            throw new RunnerConfigException($"{path}, runner \"{NameOf(entry)}\": {fault.Message}", fault);
        }
    }

    private static ReadOnlyMemory<byte> ToJson(JsonNode? config)
    {
        if (config is null)
        {
            return "null"u8.ToArray();
        }

        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        try
        {
            config.WriteTo(writer);
        }
        catch (ArgumentException notFinite)
        {
            // The runner fails the same way: JSON has no inf and no nan.
            throw new FormatException("plugin_config contains a float that is not finite (inf or nan)", notFinite);
        }

        writer.Flush();
        return buffer.WrittenMemory;
    }

    private static RunnerConfigException NotOne(string path, string? runner, List<JsonObject> entries, List<JsonObject> ours, int matching)
    {
        var names = string.Join(", ", ours.Select(entry => $"\"{NameOf(entry)}\""));
        return new RunnerConfigException((ours.Count, runner, matching) switch
        {
            (0, _, _) when entries.Count == 0 => $"{path} has no [[runners]] entry; `{PluginName} toml` prints one",
            (0, _, _) => $"{path}: none of the [[runners]] entries ({string.Join(", ", entries.Select(entry => $"\"{NameOf(entry)}\""))}) has plugin = \"{PluginName}\" in [runners.autoscaler]; `{PluginName} toml` prints a complete entry",
            (_, null, _) => $"{path} has {ours.Count} entries that use this plugin: choose one with --runner ({names})",
            (_, _, 0) => $"{path}: no entry named \"{runner}\" uses this plugin; those that do: {names}",
            _ => $"{path} has {matching} entries named \"{runner}\" that use this plugin: give them different names",
        });
    }
}
