using LinuxHost;
using Microsoft.Extensions.Logging.Abstractions;
using VmPool.Images;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Storage;
using VmPool.Templates;
using VmPool.Tests.Images;
using VmPool.Tests.Storage;

namespace VmPool.Tests.Templates;

public sealed class TemplateStoreTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vmpool-templates-");
    private readonly FakeGuests _guests = new();
    private readonly MovableClock _clock = new();

    private string Templates => Path.Combine(_root.FullName, "templates");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task A_template_is_booted_warmed_frozen_and_proven_before_it_is_used()
    {
        await using TemplateStore store = Store();

        Template template = (await store.CurrentAsync(Image(), CancellationToken.None))!;

        Assert.Equal(["start", "banner", "true", "true", "true", "true", "freeze", "save", "open", "clone", "identify", "hostname", "open"], _guests.Steps);
        Assert.EndsWith(" vmpool.template", _guests.Template!.KernelCommandLine, StringComparison.Ordinal);
        Assert.Equal(new TemplateStatus("ready", template.Key, Path.Combine(Templates, template.Key)), store.Status);
        Assert.All(_guests.Machines, machine => Assert.True(machine.Exited.IsCompleted));
        Assert.Equal($"group-template-{template.Key[..8]}", Assert.Single(_guests.Slots.Acquired));
        Assert.Equal(_guests.Slots.Acquired, _guests.Slots.Released);
    }

    [Fact]
    public async Task A_finished_template_consists_of_files_that_only_root_can_write_and_of_nothing_else()
    {
        await using TemplateStore store = Store();

        Template template = (await store.CurrentAsync(Image(), CancellationToken.None))!;

        string directory = Path.Combine(Templates, template.Key);
        Assert.Equal(
            ["checked.json", "machine/base.raw", "machine/disk.qcow2", "machine/seed.iso", "machine/template.qcow2", "manifest.json", "vmm/memory", "vmm/state"],
            Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(directory, path)).Order(StringComparer.Ordinal));
        Assert.Equal(["machine", "vmm"], Directory.GetDirectories(directory).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        const UnixFileMode Writers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
        Assert.All(Directory.EnumerateFileSystemEntries(directory, "*", SearchOption.AllDirectories), path =>
        {
            Assert.Equal((UnixFileMode)0, File.GetUnixFileMode(path) & Writers);
            Assert.Equal("0", HostCommand.RunAsync("stat", ["-c", "%u", path]).GetAwaiter().GetResult().Output.Trim());
        });
    }

    [Fact]
    public async Task With_raw_disks_clones_copy_the_disk_of_the_template_itself()
    {
        await using ReflinkMount mount = await ReflinkMount.CreateAsync(_root.FullName);
        _guests.DiskFormats = ["raw", "qcow2"];
        GroupOptions options = Options() with { DiskDirectory = mount.Path };
        string image = Path.Combine(mount.Path, "image.raw");
        await File.WriteAllBytesAsync(image, new byte[1 << 20]);
        await using TemplateStore store = Store(options);

        Template template = (await store.CurrentAsync(Image() with { DiskPath = image }, CancellationToken.None))!;

        string directory = Path.Combine(mount.Path, "templates", template.Key);
        Assert.Equal(new VmDisk(Path.Combine(directory, "machine/disk.raw"), "raw", ReadOnly: true), template.Disk);
        Assert.Equal(
            ["checked.json", "machine/disk.raw", "machine/seed.iso", "manifest.json", "vmm/memory", "vmm/state"],
            Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(directory, path)).Order(StringComparer.Ordinal));
        Assert.Equal("raw", _guests.Trial!.Disks[0].Format);
        await using (TemplateStore next = Store(options))
        {
            Assert.Equal(template.Disk, (await next.CurrentAsync(Image() with { DiskPath = image }, CancellationToken.None))!.Disk);
        }
        // The same hypervisor, with the other format.
        _guests.DiskFormats = ["qcow2"];
        await using TemplateStore overlays = Store(options);
        Template other = (await overlays.CurrentAsync(Image() with { DiskPath = image }, CancellationToken.None))!;
        Assert.NotEqual(template.Key, other.Key);
        Assert.Equal("qcow2", other.Disk.Format);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_hypervisor_that_changes_while_its_template_is_made_or_opened_gets_another_one_at_the_next_request(bool isMade)
    {
        if (isMade)
        {
            await using TemplateStore first = Store();
            await first.CurrentAsync(Image(), CancellationToken.None);
        }
        _guests.Steps.Clear();
        var opening = new TaskCompletionSource();
        _guests.Holds["open"] = opening.Task;
        await using TemplateStore store = Store();
        Task<Template?> early = store.CurrentAsync(Image(), CancellationToken.None);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (_guests.LastStep != "open")
        {
            await Task.Delay(20, deadline.Token);
        }
        string before = store.Status.Key;

        _guests.Key = "fake 2";
        opening.SetResult();

        Assert.Null(await early);
        Assert.Contains("the hypervisor has changed from \"fake 1\" to \"fake 2\" meanwhile", store.Status.Detail, StringComparison.Ordinal);
        // What was made with the old one is left for it.
        Assert.Equal(isMade, File.Exists(Path.Combine(Templates, before, "manifest.json")));
        Assert.NotEqual(before, (await store.CurrentAsync(Image(), CancellationToken.None))!.Key);
    }

    [Fact]
    public async Task A_prepared_guest_is_frozen_when_its_agent_listens_and_only_its_clone_is_logged_in_to()
    {
        ImageGeneration image = Image() with { IsPrepared = true };
        await using TemplateStore store = Store();

        Template template = (await store.CurrentAsync(image, CancellationToken.None))!;

        Assert.Equal(["start", "agent", "save", "open", "clone", "identify", "hostname", "open"], _guests.Steps);
        Assert.Null(template.Seed);
        Assert.Single(_guests.Template!.Disks);
        Assert.Single(_guests.Trial!.Disks);
        await using TemplateStore next = Store();
        Assert.Null((await next.CurrentAsync(image, CancellationToken.None))!.Seed);
        Assert.Equal("open", _guests.Steps[^1]);
    }

    [Fact]
    public async Task The_next_process_finds_it_and_makes_no_second_one()
    {
        await using (TemplateStore first = Store())
        {
            await first.CurrentAsync(Image(), CancellationToken.None);
        }
        _guests.Steps.Clear();
        await using TemplateStore second = Store();

        Assert.NotNull(await second.CurrentAsync(Image(), CancellationToken.None));
        Assert.Equal(["open"], _guests.Steps);
    }

    [Theory]
    [InlineData("vmm/memory", "whale")]
    [InlineData("machine/seed.iso", "x")]
    [InlineData("vmm/state", null)]
    public async Task A_template_whose_files_have_changed_is_made_anew(string name, string? content)
    {
        Template template;
        await using (TemplateStore first = Store())
        {
            template = (await first.CurrentAsync(Image(), CancellationToken.None))!;
        }
        string path = Path.Combine(Templates, template.Key, name);
        if (content is null)
        {
            File.Delete(path);
        }
        else
        {
            await File.WriteAllTextAsync(path, content);
        }
        _guests.Steps.Clear();
        await using TemplateStore second = Store();

        Assert.NotNull(await second.CurrentAsync(Image(), CancellationToken.None));
        Assert.Contains("freeze", _guests.Steps);
    }

    [Fact]
    public async Task A_template_that_the_hypervisor_refuses_is_made_anew()
    {
        await using (TemplateStore first = Store())
        {
            await first.CurrentAsync(Image(), CancellationToken.None);
        }
        _guests.Steps.Clear();
        _guests.Faults["open"] = new HypervisorException("its memory can be written by others");
        await using TemplateStore second = Store();

        // The new one is refused as well, by its trial.
        Assert.Null(await second.CurrentAsync(Image(), CancellationToken.None));
        Assert.Equal("open", _guests.Steps[0]);
        Assert.Contains("freeze", _guests.Steps);
    }

    [Fact]
    public async Task Files_that_were_only_touched_are_read_again_and_kept()
    {
        Template template;
        await using (TemplateStore first = Store())
        {
            template = (await first.CurrentAsync(Image(), CancellationToken.None))!;
        }
        File.SetLastWriteTimeUtc(Path.Combine(Templates, template.Key, "vmm/memory"), DateTime.UtcNow.AddHours(-1));
        _guests.Steps.Clear();
        await using TemplateStore second = Store();

        await second.CurrentAsync(Image(), CancellationToken.None);
        Assert.Equal(["open"], _guests.Steps);
    }

    [Theory]
    [InlineData("banner")]
    [InlineData("freeze")]
    [InlineData("save")]
    [InlineData("clone")]
    [InlineData("identify")]
    [InlineData("hostname")]
    public async Task Where_a_step_fails_instances_boot_and_nothing_is_left_running(string step)
    {
        _guests.Faults[step] = new HypervisorException($"no {step} today");
        await using TemplateStore store = Store();

        Assert.Null(await store.CurrentAsync(Image(), CancellationToken.None));

        Assert.Equal("failed", store.Status.State);
        Assert.Contains($"no {step} today", store.Status.Detail, StringComparison.Ordinal);
        Assert.All(_guests.Machines, machine => Assert.True(machine.Exited.IsCompleted));
        Assert.Equal(_guests.Slots.Acquired, _guests.Slots.Released);
        Assert.Equal(0, _guests.Open);
        Assert.False(Directory.Exists(Path.Combine(Templates, store.Status.Key, "trial")));
    }

    [Fact]
    public async Task A_trial_clone_with_another_name_than_it_was_given_fails_the_template()
    {
        _guests.Name = "localhost";
        await using TemplateStore store = Store();

        Assert.Null(await store.CurrentAsync(Image(), CancellationToken.None));
        Assert.Contains("calls itself localhost", store.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_template_is_tried_again_after_its_pause_while_instances_go_on_booting()
    {
        _guests.Faults["freeze"] = new HypervisorException("not today");
        await using TemplateStore store = Store();
        await store.CurrentAsync(Image(), CancellationToken.None);
        _guests.Faults.Clear();
        _guests.Steps.Clear();

        Assert.Null(await store.CurrentAsync(Image(), CancellationToken.None));
        Assert.Empty(_guests.Steps);
        var hold = new TaskCompletionSource();
        _guests.Holds["start"] = hold.Task;
        _clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Null(await store.CurrentAsync(Image(), CancellationToken.None));
        Assert.Null(await store.CurrentAsync(Image(), CancellationToken.None));
        hold.SetResult();

        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (await store.CurrentAsync(Image(), deadline.Token) is null)
        {
            await Task.Delay(20, deadline.Token);
        }
        Assert.Equal(1, _guests.Steps.Count(step => step == "start"));
    }

    [Fact]
    public async Task All_who_ask_at_once_wait_for_the_same_template()
    {
        await using TemplateStore store = Store();

        Template?[] templates = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => store.CurrentAsync(Image(), CancellationToken.None)));

        Assert.Equal(1, _guests.Steps.Count(step => step == "start"));
        Assert.All(templates, template => Assert.Same(templates[0], template));
    }

    [Fact]
    public async Task What_a_template_depends_on_decides_its_key_and_the_old_one_goes()
    {
        Template old;
        await using (TemplateStore first = Store())
        {
            old = (await first.CurrentAsync(Image(), CancellationToken.None))!;
        }
        var keys = new HashSet<string> { old.Key };
        foreach (GroupOptions changed in new[]
        {
            Options() with { Machine = new MachineOptions { MemoryMb = 2048 } },
            Options() with { Machine = new MachineOptions { Cpus = 3 } },
            Options() with { Image = new ImageOptions { TemplateReadyCommand = "true" } },
            Options() with { Image = new ImageOptions { RestartUnits = ["a.service"] } },
        })
        {
            await using TemplateStore next = Store(changed);
            Assert.True(keys.Add((await next.CurrentAsync(Image(), CancellationToken.None))!.Key));
        }
        _guests.Key = "fake 2";
        await using TemplateStore last = Store();
        Assert.True(keys.Add((await last.CurrentAsync(Image(), CancellationToken.None))!.Key));

        Assert.Single(Directory.GetDirectories(Templates), directory => InputsHash.Is(Path.GetFileName(directory)));
    }

    [Fact]
    public async Task A_template_of_another_group_stays()
    {
        Template other;
        await using (TemplateStore first = Store(Options() with { Name = "other", Machine = new MachineOptions { Cpus = 3 } }))
        {
            other = (await first.CurrentAsync(Image(), CancellationToken.None))!;
        }
        await using TemplateStore store = Store();
        await store.CurrentAsync(Image(), CancellationToken.None);

        Assert.True(File.Exists(other.Disk.Path));
    }

    [Fact]
    public async Task The_guest_is_told_its_ready_command_and_restart_units_without_any_quoting()
    {
        await using TemplateStore store = Store(Options() with
        {
            Image = new ImageOptions { TemplateReadyCommand = "echo \"a b\" && true", RestartUnits = ["x.service", "y.socket"] },
        });
        await store.CurrentAsync(Image(), CancellationToken.None);

        using var call = System.Text.Json.JsonDocument.Parse(_guests.FreezeInput);
        Assert.Equal("echo \"a b\" && true", call.RootElement.GetProperty("ready_command").GetString());
        Assert.Equal(["x.service", "y.socket"], call.RootElement.GetProperty("restart_units").EnumerateArray().Select(unit => unit.GetString()));
    }

    [Fact]
    public async Task Without_clones_in_the_configuration_or_in_the_hypervisor_instances_boot_and_the_status_says_why()
    {
        await using (TemplateStore configured = Store(Options() with { Hypervisor = new HypervisorOptions { Start = "boot" } }))
        {
            Assert.Null(await configured.CurrentAsync(Image(), CancellationToken.None));
            Assert.Equal(("off", "start = \"boot\" is configured"), (configured.Status.State, configured.Status.Detail));
        }
        _guests.Key = null;
        await using TemplateStore unable = Store();
        Assert.Null(await unable.CurrentAsync(Image(), CancellationToken.None));
        Assert.Contains("a reason", unable.Status.Detail, StringComparison.Ordinal);
        Assert.Empty(_guests.Steps);
    }

    private GroupOptions Options() => new() { Name = "group", StateDirectory = _root.FullName, DiskDirectory = _root.FullName };

    private TemplateStore Store(GroupOptions? options = null)
    {
        options ??= Options();
        return new TemplateStore(
            options, _guests, _guests.Slots, new InstanceDisks(options, _guests), _guests, _guests, _guests, _clock, NullLogger<TemplateStore>.Instance)
        { Rest = TimeSpan.Zero };
    }

    private ImageGeneration Image()
    {
        string directory = Path.Combine(_root.FullName, "images", "cafe");
        Directory.CreateDirectory(directory);
        string disk = Path.Combine(directory, "disk.raw");
        if (!File.Exists(disk))
        {
            File.WriteAllBytes(disk, new byte[1 << 20]);
        }
        return new ImageGeneration("cafe", directory, disk, "/nowhere/vmlinuz", null, "root=/dev/vda", "ci");
    }
}
