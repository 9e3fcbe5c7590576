using System.CommandLine;
using System.Globalization;
using FleetingPlugin.Fleeting;
using LinuxHost;
using VmPool;
using VmPool.Images;
using VmPool.Instances;
using VmPool.Options;
using VmPool.Storage;
using VmPool.Templates;

namespace FleetingPlugin.Cli;

/// <summary><c>gc</c>: removes what dead plugins have left, with the very code their next start would run.</summary>
internal static class GcCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static Command Create()
    {
        var state = new Option<string>("--state-directory")
        {
            Description = "The state directory whose groups are looked at.",
            DefaultValueFactory = _ => new GroupOptions().StateDirectory,
            HelpName = "DIR",
        };
        var command = new Command("gc", """
            Remove what plugins that no longer run have left behind.

            Looks at every group of the state directory that no living plugin holds: half-made and half-removed instances,
            network slots, directories and records without an owner go. Running virtual machines stay: the runner decides about
            them when it starts again. A group that a living plugin holds is left alone. Unfinished images of killed builds go
            too, and so do templates and images that no group uses, and the root file systems that only those began with. What a
            group's unfinished image may begin with stays. Needs root. Exit code 0 when everything that was found is gone.
            """)
        {
            state,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            string root = parsed.GetValue(state)!;
            bool named = parsed.GetResult(state) is { Implicit: false };
            string groups = Path.Combine(root, "groups");
            if (!ReadableDirectory.Exists(root) && named)
            {
                throw new HostRequirementException($"there is no state directory {root}; name that of your configuration (state_directory) with --state-directory");
            }
            if (!Directory.Exists(groups))
            {
                output.WriteLine($"{groups} does not exist: no group has been opened, nothing to do");
                return 0;
            }
            using var loggers = new ConsoleLoggerFactory(parsed.InvocationConfiguration.Error);
            var opener = new GroupOpener(loggers, TimeProvider.System);
            bool clean = true;
            var imageDirectories = new SortedSet<string>(StringComparer.Ordinal);
            var templateDirectories = new SortedSet<string>(StringComparer.Ordinal);
            foreach (string directory in Directory.GetDirectories(groups).Order(StringComparer.Ordinal))
            {
                clean &= await CollectAsync(directory, imageDirectories, templateDirectories, opener, output, cancellationToken);
            }
            foreach (string templates in templateDirectories)
            {
                clean &= await TemplateStore.CollectAsync(templates, loggers.CreateLogger("templates"), cancellationToken);
            }
            // A template uses its image.
            foreach (string images in imageDirectories)
            {
                clean &= await ImageStore.CollectAsync(images, loggers.CreateLogger("images"), cancellationToken);
            }
            return clean ? 0 : 1;
        });
        return command;
    }

    private static async Task<bool> CollectAsync(
        string directory, SortedSet<string> imageDirectories, SortedSet<string> templateDirectories, GroupOpener opener, TextWriter output,
        CancellationToken cancellationToken)
    {
        string name = Path.GetFileName(directory);
        try
        {
            if (ConfigSource.Recorded(directory) is not { } options)
            {
                output.WriteLine($"group {name}: skipped, its last Init is not recorded ({directory})");
                return false;
            }
            imageDirectories.Add(options.ImagesDirectory);
            templateDirectories.Add(options.TemplatesDirectory);
            await using OpenedGroup group = await opener.OpenForCollectionAsync(options, cancellationToken);
            int left = await group.Instances.WaitForReclaimsAsync(Patience, cancellationToken);
            int running = group.Instances.List().Count(report => report.State is InstanceState.Running);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"group {name}: {group.Instances.Reclaimed - left} removed, {left} could not be removed, {running} running and kept"));
            return left == 0;
        }
        catch (HostRequirementException e) when (FileLock.HolderOf(GroupFiles.LockPath(directory)) is not null)
        {
            output.WriteLine($"group {name}: left alone: {e.Message}");
            return true;
        }
        catch (Exception e) when (e is HostRequirementException or HostResourceException)
        {
            // One that cannot be opened must not keep the rests of all others here.
            output.WriteLine($"group {name}: skipped, it cannot be opened: {e.Message}");
            return false;
        }
        catch (PluginOptionsException e)
        {
            // Another version may have recorded it; the other groups are still to be looked at.
            output.WriteLine($"group {name}: skipped, its last Init ({GroupFiles.InitPath(directory)}) does not fit this version: {e.Message}");
            return false;
        }
    }
}
