using System.Text;
using System.Text.Json;
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
            "disks":[{"id":"disk0","path":"/run/fleeting-plugin-vmpool-vm/image/disk0","image_type":"Raw","readonly":false,"serial":"disk0"},
            {"id":"disk1","path":"/run/fleeting-plugin-vmpool-vm/image/disk1","image_type":"Raw","readonly":true,"serial":"disk1"}],
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
    public void A_disk_that_is_not_raw_is_refused()
    {
        BootRequest request = Request with { Disks = [new VmDisk("/pool/ci-1/disk.qcow2", "qcow2", ReadOnly: false)] };

        HypervisorException error = Assert.Throws<HypervisorException>(() => VmConfigBuilder.Boot(request, new MachineView(Request.Directory), landlock: false));

        Assert.Equal("the disk /pool/ci-1/disk.qcow2 is a qcow2 file; cloud-hypervisor gets raw disks only", error.Message);
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
