using VmPool.Options;

namespace FleetingPlugin.Options;

/// <summary>Keys that say how an image is built, and keys that say which prepared one is used: never both.</summary>
internal static class PreparedKeys
{
    /// <summary>One sentence for each key that is missing or has no meaning beside the others.</summary>
    /// <param name="image">As read so far.</param>
    /// <param name="given">Every key that has a value, and whether it was a good one.</param>
    /// <param name="connector">Its password is something that an image has to be able to take.</param>
    public static IEnumerable<string> Faults(ImageOptions image, IReadOnlyDictionary<string, bool> given, ConnectorSettings connector)
    {
        // Nobody knows which of the two was meant.
        if (given.TryGetValue("image.prepared", out bool isRead) && !isRead)
        {
            return [];
        }
        return image.Prepared
            ? [.. Missing(image, given), .. OfBuilding(image, given).Select(Unbuilt), .. PasswordFaults(connector)]
            : OfPrepared(image).Select(name => $"{name}: only an image with image.prepared = true has one; set that too or leave {name} out");
    }

    private static IEnumerable<string> Missing(ImageOptions image, IReadOnlyDictionary<string, bool> given)
    {
        (string Name, string? Value, string What)[] needed = [("image.source", image.Source, "its root disk"), ("image.kernel", image.Kernel, "its kernel")];
        // A value that was refused has had its say.
        return needed.Where(key => key.Value is null && given.GetValueOrDefault(key.Name, true))
            .Select(key => $"{key.Name}: missing; with image.prepared = true it is the path of the image's file that is {key.What}");
    }

    private static IEnumerable<string> OfPrepared(ImageOptions image) => Names(
        ("image.source", image.Source is not null),
        ("image.kernel", image.Kernel is not null),
        ("image.initrd", image.Initrd is not null),
        ("image.cmdline", image.CommandLine.Length > 0));

    // A key that says no, or nothing, contradicts nothing. A release always says something.
    private static IEnumerable<string> OfBuilding(ImageOptions image, IReadOnlyDictionary<string, bool> given) => Names(
        ("vm_prebuild_cloudinit_extra_cmds", image.PrebuildCommands.Count > 0),
        ("template_ready_command", image.TemplateReadyCommand.Length > 0),
        ("restart_units", image.RestartUnits.Count > 0),
        ("image.mirror", image.Mirror is not null),
        ("image.release", given.ContainsKey("image.release")),
        ("image.docker", image.Docker));

    private static string Unbuilt(string name) =>
        $"{name}: cannot be used with image.prepared = true, because a prepared image is used as it is: nothing is built and no command runs in it; leave it out and do it where you make the image";

    private static IEnumerable<string> PasswordFaults(ConnectorSettings connector) => connector.Password.Length == 0
        ? []
        : ["connector_config.password: cannot be used with image.prepared = true, because the image's agent takes keys only; leave it out: each VM gets a key of its own, or the one of key_path"];

    private static IEnumerable<string> Names(params (string Name, bool IsSet)[] keys) => keys.Where(key => key.IsSet).Select(key => key.Name);
}
