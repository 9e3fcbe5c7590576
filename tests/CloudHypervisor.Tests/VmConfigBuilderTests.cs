using System.Text;
using System.Text.Json;
using MachineFixtures;
using VmmProcess;
using VmPool;
using VmPool.Ports;

namespace CloudHypervisor.Tests;

public sealed class VmConfigBuilderTests
{
    private static readonly BootRequest Request = new()
    {
        InstanceId = "ci-1",
        Directory = "/pool/ci-1",
        NetworkNamespace = "slot1",
        Mtu = 1500,
        UserId = 64001,
        Disks = [new("/pool/ci-1/disk.raw", "raw", ReadOnly: false), new("/pool/ci-1/seed.iso", "raw", ReadOnly: true)],
        KernelPath = "/images/kernel",
        InitrdPath = "/images/initrd",
        KernelCommandLine = "root=/dev/vda rw",
        Cpus = 2,
        MemoryMb = 1024,
    };

    [Fact]
    public void A_booted_machine_is_described_to_the_last_choice()
    {
        var view = new MachineView(Request.Directory);

        Assert.Equal(
            """
            {"payload":{"kernel":"/run/fleeting-plugin-vmpool-vm/image/kernel","initramfs":"/run/fleeting-plugin-vmpool-vm/image/initrd","cmdline":"root=/dev/vda rw console=ttyS0"},
            "cpus":{"boot_vcpus":2,"max_vcpus":2,"nested":false},
            "memory":{"size":1073741824,"shared":false},
            "disks":[{"id":"disk0","path":"/run/fleeting-plugin-vmpool-vm/image/disk0","image_type":"Raw","backing_files":false,"readonly":false,"serial":"disk0"},
            {"id":"disk1","path":"/run/fleeting-plugin-vmpool-vm/image/disk1","image_type":"Raw","backing_files":false,"readonly":true,"serial":"disk1"}],
            "net":[{"id":"net0","tap":"tap0","mac":"52:54:00:00:00:02","num_queues":2,"queue_size":256}],
            "rng":{"src":"/dev/urandom"},
            "console":{"mode":"Off"},
            "serial":{"mode":"File","file":"/run/fleeting-plugin-vmpool-vm/vm/console.log"},
            "landlock_enable":false}
            """.ReplaceLineEndings(""),
            Json(VmConfigBuilder.Boot(Request, view, landlock: false)));
        Assert.Equal(
            [("/images/kernel", "kernel"), ("/images/initrd", "initrd"), ("/pool/ci-1/disk.raw", "disk0"), ("/pool/ci-1/seed.iso", "disk1")],
            view.Files);
    }

    [Fact]
    public void A_template_has_its_memory_in_a_shared_file_and_may_write_its_snapshot()
    {
        var view = new MachineView(Request.Directory);

        VmConfig config = VmConfigBuilder.Template(Request, "/templates/1/memory", view, landlock: true);

        Assert.Contains(
            "\"memory\":{\"size\":0,\"shared\":false,\"zones\":[{\"id\":\"mem0\",\"size\":1073741824,\"file\":\"/run/fleeting-plugin-vmpool-vm/image/memory\",\"shared\":true}]}",
            Json(config), StringComparison.Ordinal);
        Assert.EndsWith(
            "\"landlock_enable\":true,\"landlock_rules\":[{\"path\":\"/sys/class/net/tap0\",\"access\":\"r\"},{\"path\":\"/run/fleeting-plugin-vmpool-vm/vm/snapshot\",\"access\":\"rw\"}]}",
            Json(config), StringComparison.Ordinal);
        Assert.Contains(("/templates/1/memory", "memory"), view.Files);
    }

    [Fact]
    public void A_nested_guest_sees_the_processors_virtualization() =>
        Assert.True(VmConfigBuilder.Boot(Request with { Nested = true }, new MachineView(Request.Directory), landlock: false).Cpus.Nested);

    [Fact]
    public void The_virtio_console_is_the_second_one()
    {
        VmConfig config = VmConfigBuilder.Boot(Request with { VirtioConsole = true, InitrdPath = null }, new MachineView(Request.Directory), landlock: false);

        Assert.Equal(new ConsoleConfig { Mode = "File", File = "/run/fleeting-plugin-vmpool-vm/vm/virtio-console.log" }, config.Console);
        Assert.Equal("root=/dev/vda rw console=hvc0 console=ttyS0", config.Payload.Cmdline);
        Assert.DoesNotContain("initramfs", Json(config), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_overlay_is_described_with_its_format_and_what_it_builds_on_lies_where_its_names_lead()
    {
        using var directory = new TestDirectory();
        BootRequest request = Request with { Disks = [await Overlays.CloneAsync(directory.Path), Request.Disks[1]] };
        var view = new MachineView(Request.Directory);

        VmConfig config = VmConfigBuilder.Boot(request, view, landlock: true);

        Assert.Contains(
            "\"disks\":[{\"id\":\"disk0\",\"path\":\"/run/fleeting-plugin-vmpool-vm/image/disk0\",\"image_type\":\"Qcow2\",\"backing_files\":true,\"readonly\":false,\"serial\":\"disk0\"},",
            Json(config), StringComparison.Ordinal);
        Assert.EndsWith(
            "\"landlock_rules\":[{\"path\":\"/sys/class/net/tap0\",\"access\":\"r\"},{\"path\":\"/run/fleeting-plugin-vmpool-vm/image\",\"access\":\"r\"}]}",
            Json(config), StringComparison.Ordinal);
        Assert.Equal(
            [(directory["template.qcow2"], "template.qcow2"), (directory["base.raw"], "base.raw"), (directory["disk.qcow2"], "disk0")],
            view.Files.Where(file => file.Source.StartsWith(directory.Path, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_overlay_over_a_file_elsewhere_is_refused()
    {
        using var directory = new TestDirectory();
        using var other = new TestDirectory();
        VmDisk disk = await Overlays.CreateAsync(directory.Path, "disk.qcow2", await Overlays.BaseAsync(other.Path), "raw");
        BootRequest request = Request with { Disks = [disk] };

        HypervisorException error = Assert.Throws<HypervisorException>(() => VmConfigBuilder.Boot(request, new MachineView(Request.Directory), landlock: false));

        Assert.Equal(
            $"the disk {disk.Path} builds on {other["base.raw"]}, which cloud-hypervisor can follow only in or below the directory of the disk", error.Message);
    }

    [Fact]
    public void The_fingerprint_knows_the_sandbox_and_never_changes_by_itself()
    {
        Assert.Matches("^[0-9a-f]{8}$", VmConfigBuilder.Fingerprint(landlock: true));
        Assert.Equal(VmConfigBuilder.Fingerprint(landlock: true), VmConfigBuilder.Fingerprint(landlock: true));
        Assert.NotEqual(VmConfigBuilder.Fingerprint(landlock: true), VmConfigBuilder.Fingerprint(landlock: false));
    }

    private static string Json(VmConfig config) => Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(config, ApiJson.Default.VmConfig));
}
