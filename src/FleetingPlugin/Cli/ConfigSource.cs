using System.CommandLine;
using FleetingPlugin.Options;
using FleetingPlugin.Toml;
using VmPool.Options;
using VmPool.Storage;

namespace FleetingPlugin.Cli;

/// <summary>
/// Where a command takes the configuration from: config.toml, else what the last Init of a group left in the state
/// directory.
/// </summary>
internal sealed class ConfigSource
{
    /// <summary>The runner's configuration file.</summary>
    public Option<string> Config { get; } = new("--config", "-c")
    {
        Description = "The runner's configuration file.",
        DefaultValueFactory = _ => RunnerConfigFile.DefaultPath,
        HelpName = "FILE",
    };

    /// <summary>Which entry.</summary>
    public Option<string?> Runner { get; } = new("--runner")
    {
        Description = "Name of the [[runners]] entry, when several use this plugin.",
        HelpName = "NAME",
    };

    /// <summary>The group's options.</summary>
    /// <exception cref="RunnerConfigException">No such file and nothing recorded, or no single entry is meant.</exception>
    /// <exception cref="PluginOptionsException">The configuration has faults.</exception>
    public GroupOptions Read(ParseResult parsed)
    {
        string path = parsed.GetValue(Config)!;
        bool named = parsed.GetResult(Config) is { Implicit: false };
        if (!named && !File.Exists(path) && OnlyRecorded(new GroupOptions().StateDirectory) is { } recorded)
        {
            return recorded;
        }
        RunnerEntry entry = RunnerConfigFile.Read(path, parsed.GetValue(Runner), new TomlReader());
        return PluginConfig.Parse(entry.PluginConfig, entry.Connector);
    }

    /// <summary>The options recorded for a group at its last Init; absent when there are none.</summary>
    public static GroupOptions? Recorded(string groupStateDirectory) => InitRecord.TryRead(groupStateDirectory) is { } init
        ? PluginConfig.Parse(System.Text.Encoding.UTF8.GetBytes(init.Config), new ConnectorSettings { Username = init.Username })
        : null;

    private static GroupOptions? OnlyRecorded(string stateDirectory)
    {
        string groups = Path.Combine(stateDirectory, "groups");
        return Directory.Exists(groups) && Directory.GetDirectories(groups) is [var only] ? Recorded(only) : null;
    }
}
