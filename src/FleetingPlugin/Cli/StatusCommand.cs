using System.CommandLine;
using System.Globalization;
using VmPool.Options;
using VmPool.Status;

namespace FleetingPlugin.Cli;

/// <summary><c>status</c>: what the state directory says, beside running plugins and without disturbing them.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var source = new ConfigSource();
        var json = new Option<bool>("--json") { Description = "Print one JSON object: groups and instances (id, state, address, host_key, failure, timeline in ms since acceptance)." };
        var command = new Command("status", """
            Show groups and instances of this host as the state directory has them.

            Works beside a running plugin and changes nothing. The state directory is that of the configuration file's entry,
            or /var/lib/fleeting-plugin-vmpool when there is no configuration file.
            """)
        {
            source.Config,
            source.Runner,
            json,
        };
        command.SetAction(parsed =>
        {
            string directory = StateDirectoryOf(source, parsed);
            // To somebody who may not look inside, all groups would look absent.
            _ = ReadableDirectory.Exists(directory);
            StatusReport report = StatusReader.Read(directory);
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(json) ? report.ToJson() : Table(report));
            return 0;
        });
        return command;
    }

    // Without any configuration the default state directory is what there is to look at.
    private static string StateDirectoryOf(ConfigSource source, ParseResult parsed) =>
        parsed.GetResult(source.Config) is { Implicit: false } || File.Exists(parsed.GetValue(source.Config))
            ? source.Read(parsed).StateDirectory
            : new GroupOptions().StateDirectory;

    internal static string Table(StatusReport report)
    {
        if (report.Groups.Count == 0)
        {
            return "no group has been opened on this host yet (gitlab-runner opens one when it first asks for work)";
        }
        var lines = new List<string>();
        foreach (GroupStatus group in report.Groups)
        {
            string holder = group.PluginPid is { } pid ? $"plugin pid {pid}" : "no plugin running";
            lines.Add($"group {group.Name}: {holder}, hypervisor {group.Hypervisor}{(group.Simulated ? " (SIMULATED: no virtual machine exists)" : "")}");
            if (group.Template is { } template)
            {
                lines.Add(template.State switch
                {
                    "ready" => $"  template {template.Key}: instances are clones of it",
                    "building" => $"  template {template.Key} is being made: {template.Detail}",
                    _ => $"  instances boot: {template.Detail}",
                });
            }
            InstanceStatus[] instances = [.. report.Instances.Where(instance => instance.Group == group.Name)];
            lines.AddRange(instances.Select(Line));
            if (instances.Length == 0)
            {
                lines.Add("  no instances");
            }
        }
        return string.Join(Environment.NewLine, lines);
    }

    private static string Line(InstanceStatus instance)
    {
        string timeline = string.Join(' ', instance.Timeline.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Step}={entry.Ms:0}ms")));
        string failure = instance.Failure.Length > 0 ? $"  {instance.Failure}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"  {instance.Id}  {instance.State,-8}  {instance.Address,-15}  pid {instance.Pid}  {timeline}{failure}");
    }
}
