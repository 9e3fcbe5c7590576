using System.CommandLine;
using System.CommandLine.Parsing;
using FleetingPlugin.Options;

namespace FleetingPlugin.Cli;

/// <summary><c>toml</c>: a complete config.toml for this plugin, every line with its reason.</summary>
internal static class TomlCommand
{
    private const string InstanceExecutor = "instance";
    private const string DockerExecutor = "docker-autoscaler";

    /// <summary>The command.</summary>
    public static Command Build()
    {
        var executor = new Option<string>("--executor")
        {
            Description = "instance: jobs run in the VM's shell. docker-autoscaler: jobs run in containers in the VM; adds a Docker engine to the image.",
            DefaultValueFactory = _ => InstanceExecutor,
            HelpName = $"{InstanceExecutor}|{DockerExecutor}",
        };
        executor.AcceptOnlyFromAmong(InstanceExecutor, DockerExecutor);
        var name = new Option<string>("--name")
        {
            Description = "Name of the runner entry and of the group of VMs; entries on one host need different ones. A lower-case letter, then up to 15 of a-z, 0-9 and -.",
            DefaultValueFactory = _ => "default",
            HelpName = "NAME",
        };
        name.Validators.Add(RefuseBadName);
        var instances = new Option<int>("--max-instances")
        {
            Description = "Most VMs, and with that most jobs, at the same time (1 to 2048).",
            DefaultValueFactory = _ => 4,
            HelpName = "N",
        };
        instances.Validators.Add(RefuseBadCount);

        var command = new Command("toml", """
            Print a complete config.toml for GitLab Runner with this plugin, every line with its reason.

            Nothing is read or changed. Fill in url and token, adjust sizes, and put the text into
            /etc/gitlab-runner/config.toml, or copy its [[runners]] entry into the one you have. The
            keys of plugin_config are all there, commented out where the default is right for most.

            Examples:
              fleeting-plugin-vmpool toml > /etc/gitlab-runner/config.toml
              fleeting-plugin-vmpool toml --executor docker-autoscaler --name docker --max-instances 8
            """) { executor, name, instances };
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.Write(
                RunnerTemplate.Render(parsed.GetRequiredValue(name), parsed.GetRequiredValue(executor) == DockerExecutor, parsed.GetRequiredValue(instances)));
            return 0;
        });
        return command;
    }

    private static void RefuseBadName(OptionResult result)
    {
        var name = result.GetValueOrDefault<string>() ?? "";
        if (!Rules.IsGroupName(name))
        {
            result.AddError($"--name {name}: expected {Rules.GroupName.Expected}");
        }
    }

    private static void RefuseBadCount(OptionResult result)
    {
        // The default subnet has 2048 slots.
        if (result.Errors.Any() || result.Tokens.Count != 1 || !int.TryParse(result.Tokens[0].Value, out var count))
        {
            return;
        }

        if (count is < 1 or > 2048)
        {
            result.AddError($"--max-instances {count}: expected 1 to 2048");
        }
    }
}
