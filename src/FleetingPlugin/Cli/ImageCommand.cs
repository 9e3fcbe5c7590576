using System.CommandLine;
using System.Globalization;
using FleetingPlugin.Fleeting;
using VmPool;
using VmPool.Images;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Provisioning;
using VmPool.Storage;
using VmPool.Templates;

namespace FleetingPlugin.Cli;

/// <summary><c>image build</c> and <c>image ls</c>.</summary>
internal static class ImageCommand
{
    public static Command Create()
    {
        var command = new Command("image", "Build and list the images that virtual machines start from.");
        command.Add(CreateBuild());
        command.Add(CreateList());
        return command;
    }

    private static Command CreateBuild()
    {
        var source = new ConfigSource();
        var force = new Option<bool>("--force") { Description = "Build again although a finished image of the same inputs is there." };
        var command = new Command("build", """
            Build the image of a [[runners]] entry (or take in a prepared one), and the template that its instances are clones
            of, now instead of when its first job asks.

            Needs root. Prints each step as it begins and at least every 30 seconds; the full log lies under
            vm_disk_directory/images/logs. Does nothing when the image of the same inputs is there. A failed earlier try is
            forgotten. Exit code 0: image and template are ready; 1: one is not, with the reason.
            """)
        {
            source.Config,
            source.Runner,
            force,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            GroupOptions options = source.Read(parsed);
            if (HostRights.Fault() is { } fault)
            {
                throw new HostRequirementException($"an image cannot be built here: {fault}");
            }
            using var loggers = new ConsoleLoggerFactory(parsed.InvocationConfiguration.Error);
            OwnDirectory.Ensure(options.StateDirectory);
            var pool = new RealPool(options, TimeProvider.System, loggers);
            IHypervisor hypervisor = await pool.ChooseHypervisorAsync(cancellationToken);
            // Here somebody reads along, so this is the moment to learn that jobs will run without KVM.
            if ((await hypervisor.ProbeAsync(cancellationToken)).Warning is { } warning)
            {
                loggers.CreateLogger("image").HypervisorWarning(hypervisor.Name, warning);
            }
            VmPorts ports = pool.Create(hypervisor, out ImageStore images, out TemplateStore templates);
            await using (images)
            await using (templates)
            {
                ImageGeneration image = parsed.GetValue(force)
                    ? await images.RebuildAsync(cancellationToken)
                    : await images.CurrentAsync(cancellationToken);
                parsed.InvocationConfiguration.Output.WriteLine($"image {image.Hash} is ready in {image.Directory}");
                Template? template = await ports.Templates.CurrentAsync(image, cancellationToken);
                TemplateStatus status = ports.Templates.Status;
                parsed.InvocationConfiguration.Output.WriteLine(template is null
                    ? $"instances boot: {status.Detail}"
                    : $"template {template.Key} is ready in {status.Detail}");
                return template is not null || status.State == "off" ? 0 : 1;
            }
        });
        return command;
    }

    private static Command CreateList()
    {
        var source = new ConfigSource();
        var json = new Option<bool>("--json") { Description = "Print a JSON array: hash, directory, user, created, groups, users (disks that stand on it), prepared, sources (package sources, or the files of a prepared image)." };
        var command = new Command("ls", "List the finished images of a [[runners]] entry's vm_disk_directory, newest first.")
        {
            source.Config,
            source.Runner,
            json,
        };
        command.SetAction(parsed =>
        {
            GroupOptions options = source.Read(parsed);
            using var loggers = new ConsoleLoggerFactory(parsed.InvocationConfiguration.Error);
            LoopFileSystem.RequireMounted(options);
            _ = ReadableDirectory.Exists(options.DiskDirectory);
            IReadOnlyList<StoredImage> stored = ImageStore.ListIn(options.ImagesDirectory, loggers.CreateLogger("images"));
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(json) ? StoredImageJson.Format(stored) : Table(stored));
            return 0;
        });
        return command;
    }

    private static string Table(IReadOnlyList<StoredImage> images) => images.Count == 0
        ? "no image has been built yet; `image build` builds one"
        : string.Join(Environment.NewLine, images.Select(image => string.Create(
            CultureInfo.InvariantCulture,
            $"{image.Hash}  {image.Created:u}  user {image.User}  groups {(image.Groups.Count == 0 ? "-" : string.Join(',', image.Groups))}  used by {image.Users}{(image.Prepared ? $"  prepared from {image.Sources[0]}" : "")}")));
}
