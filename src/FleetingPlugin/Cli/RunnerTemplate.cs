using FleetingPlugin.Options;

namespace FleetingPlugin.Cli;

/// <summary>The config.toml that <c>toml</c> prints.</summary>
internal static class RunnerTemplate
{
    private static readonly Dictionary<string, string> DockerKeys = new()
    {
        ["vm_prebuild_cloudinit_extra_cmds"] = "[\"apt-get update\", \"apt-get install -y docker.io\"]",
    };

    /// <summary>Renders the whole file.</summary>
    /// <param name="name">Name of the entry and of the group of VMs.</param>
    /// <param name="docker">docker-autoscaler instead of the instance executor.</param>
    /// <param name="maxInstances">Most VMs at the same time.</param>
    public static string Render(string name, bool docker, int maxInstances)
    {
        var toml = new TomlText();
        toml.Comment("GitLab Runner with fleeting-plugin-vmpool: a fresh virtual machine on this host for every job.")
            .Comment("Put it into /etc/gitlab-runner/config.toml, or copy the [[runners]] entry into yours. A restart of the runner makes changes take effect; only [[runners.autoscaler.policy]] is reloaded while it runs.")
            .Gap()
            .Key("concurrent", TomlText.Number(maxInstances), "Jobs this runner process handles at once, over all entries: at least the sum of max_instances x capacity_per_instance, or VMs stay unused.")
            .OptionalKey("listen_address", "\":9252\"", "The runner's Prometheus metrics (instances by state, creation times, waiting jobs).");
        AddEntry(toml, name, docker, maxInstances);
        AddAutoscaler(toml, maxInstances);
        AddPluginConfig(toml, name, docker);
        AddConnector(toml);
        AddPolicy(toml);
        return toml.ToString();
    }

    private static void AddEntry(TomlText toml, string name, bool docker, int maxInstances)
    {
        toml.Table("[[runners]]")
            .Key("name", TomlText.Quoted(name), "Shown in the runner's log and metrics; --runner chooses by it.")
            .Key("url", "\"https://gitlab.example.com\"", "Your GitLab.")
            .Key("token", "\"glrt-REPLACE-ME\"", "The runner authentication token that GitLab shows when a runner is created.")
            .Key("executor", docker ? "\"docker-autoscaler\"" : "\"instance\"", docker
                ? "Each job runs in containers, in a VM of its own. (instance: in the VM's shell.)"
                : "Each job runs in the shell of a VM of its own. (docker-autoscaler: in containers in it.)")
            .Key("limit", TomlText.Number(maxInstances), "Jobs this entry takes at once: one for each VM.")
            .Key("request_concurrency", TomlText.Number(maxInstances), "Job requests in flight: with the default of 1 a burst of jobs is fetched one after the other.");
        if (docker)
        {
            toml.Table("[runners.docker]")
                .Key("image", "\"debian:12\"", "Image for jobs that name none.");
        }
        else
        {
            toml.Key("shell", "\"bash\"", "The job scripts are written for bash, and the image has it; with plain sh they break.");
        }
    }

    private static void AddAutoscaler(TomlText toml, int maxInstances) =>
        toml.Table("[runners.autoscaler]")
            .Key("plugin", TomlText.Quoted(BuildStamp.Product), "Found on PATH; an absolute path works too.")
            .Key("capacity_per_instance", "1", "One job in a VM at a time: that is the isolation.")
            .Key("max_use_count", "1", "A VM is thrown away after its job, so no job finds the traces of another. 0 would reuse it without limit.")
            .Key("max_instances", TomlText.Number(maxInstances), "Most VMs, in whatever state. Their memory (vm_memory_mb each) should fit into the host; must not be above max_vms.")
            .Key("update_interval", "\"1m\"", "How often the runner asks for the VMs' states while nothing is changing.")
            .Key("update_interval_when_expecting", "\"250ms\"", "How often it asks while VMs are coming or going. The default of 2s costs every job that waits for a VM up to 2 s, 1 s on average, after that VM is ready, and again as long until the place of a deleted one is free. The plugin answers from memory: asking often costs nothing.")
            .Key("delete_instances_on_shutdown", "true", "When the runner stops, its VMs go. Left over, they would occupy memory until the next start, and be deleted then: the runner does not trust a VM whose history it does not know.")
            .Comment("instance_ready_command is not needed: a VM is reported when it is ready, and an extra login would only delay the job.")
            .OptionalKey("instance_acquire_timeout", "\"15m\"", "How long a job waits for a VM. The first start builds the image, which takes minutes.");

    private static void AddPluginConfig(TomlText toml, string name, bool docker)
    {
        toml.Table("[runners.autoscaler.plugin_config]")
            .Comment("Every key of the plugin. A line that begins with # shows the default, or an example where the default depends on the host. docs/configuration.md says more.");
        var set = new Dictionary<string, string>(docker ? DockerKeys : []) { ["name"] = TomlText.Quoted(name) };
        var table = "";
        foreach (var key in OptionTable.Keys)
        {
            var point = key.Name.IndexOf('.', StringComparison.Ordinal);
            if (point >= 0 && key.Name[..point] != table)
            {
                table = key.Name[..point];
                toml.Table($"[runners.autoscaler.plugin_config.{table}]");
            }

            var reason = key.Default.IsLiteral ? key.Meaning : $"{key.Meaning} Default: {key.Default.Text}.";
            var local = key.Name[(point + 1)..];
            if (set.TryGetValue(key.Name, out var value))
            {
                toml.Key(local, value, reason);
            }
            else
            {
                toml.OptionalKey(local, key.Default.IsLiteral ? key.Default.Text : key.Example, reason);
            }
        }
    }

    private static void AddConnector(TomlText toml) =>
        toml.Table("[runners.autoscaler.connector_config]")
            .Key("username", "\"ci\"", "The login user in the VM; the image is built with it.")
            .Key("timeout", "\"1m\"", "How long the runner tries to connect. The VM is ready when it is reported, so this is never used up unless the VM died.")
            .Key("keepalive", "\"30s\"", "SSH keepalive: a VM that vanished in the middle of a quiet job is noticed.")
            .Comment("Keys are not needed: every VM gets a key pair of its own. key_path and use_static_credentials = true are respected.");

    private static void AddPolicy(TomlText toml) =>
        toml.Table("[[runners.autoscaler.policy]]")
            .Comment("When how many VMs wait for jobs. There may be several policies; the last one whose periods match holds.")
            .Key("periods", "[\"* * * * *\"]", "Cron expressions, read as ranges of time: this policy holds always.")
            .OptionalKey("timezone", "\"Europe/Berlin\"", "For periods; default: the host's.")
            .Key("idle_count", "1", "Jobs (not VMs) for which capacity is kept ready. 0 creates a VM only when a job has come.")
            .Key("idle_time", "\"20m0s\"", "How long an unneeded VM is kept; counted from its creation, so a short time with slow starts only churns.")
            .OptionalKey("scale_factor", "0.5", "Extra idle capacity as a share of what is in use; scale_factor_limit caps it.")
            .OptionalKey("preemptive_mode", "true", "true: ask GitLab for a job only when a VM is ready. Default: true exactly if idle_count is above 0. (Mind the spelling: the runner ignores a misspelt key without a word.)");
}
