using System.Text.Json;
using LinuxHost;
using VmmProcess;
using VmPool;

namespace CloudHypervisor;

/// <summary>Saves a running machine as a template and ends it.</summary>
internal sealed class TemplateSave(CloudMachine machine, TemplateMachine template, string directory, TimeSpan deadline, TimeProvider time)
{
    private static readonly string[] Written = [TemplateFiles.Config, TemplateFiles.State, TemplateFiles.Record];

    /// <exception cref="HypervisorException">The machine could not be saved; says why.</exception>
    internal Task RunAsync(CancellationToken cancellationToken) => TemplateSaving.RunAsync(
        machine.Watched, directory, deadline, time, SaveAsync, RemoveWritten, cancellationToken);

    private async Task SaveAsync(CancellationToken cancellationToken)
    {
        // From here on the guest executes nothing, its disks have come to rest, and its memory does not change.
        await machine.Api.PutAsync("vm.pause", cancellationToken);
        var call = new SnapshotCall { DestinationUrl = $"file://{VmConfigBuilder.SnapshotPath}" };
        await machine.Api.PutAsync("vm.snapshot", call, ApiJson.Default.SnapshotCall, cancellationToken);
        // Every other way to end it wakes the devices, which would write to the memory.
        await machine.StopAsync(cancellationToken);

        string source = machine.Watched.Directory;
        if (SnapshotDirectory.Has(source, TemplateFiles.MemoryRanges))
        {
            throw new HypervisorException("cloud-hypervisor has copied the guest's memory instead of leaving it in its file");
        }
        Write(TemplateFiles.State, SnapshotDirectory.Read(source, TemplateFiles.State));
        Write(TemplateFiles.Config, SavedConfig.ForClones(SnapshotDirectory.Read(source, TemplateFiles.Config), template.Config));
        Write(TemplateFiles.Record, JsonSerializer.SerializeToUtf8Bytes(template.Record, TemplateJson.Default.TemplateRecord));
        SnapshotDirectory.Remove(source);
        foreach (string name in Written.Append(TemplateFiles.Memory))
        {
            FileOwner.Set(PathOf(name), 0, 0, TemplateMemory.SavedMode);
        }
    }

    private void Write(string name, byte[] content)
    {
        using var file = new FileStream(PathOf(name), FileMode.CreateNew, FileAccess.Write);
        file.Write(content);
    }

    private void RemoveWritten()
    {
        foreach (string name in Written)
        {
            File.Delete(PathOf(name));
        }
    }

    private string PathOf(string name) => Path.Combine(directory, name);
}
