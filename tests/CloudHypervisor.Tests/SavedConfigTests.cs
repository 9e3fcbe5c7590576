using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using VmmProcess;
using VmPool;
using VmPool.Ports;

namespace CloudHypervisor.Tests;

/// <summary>The description that comes back from a saved machine.</summary>
public sealed class SavedConfigTests
{
    private static readonly VmConfig Created = VmConfigBuilder.Template(
        new BootRequest
        {
            InstanceId = "template-1",
            Directory = "/vm",
            NetworkNamespace = "slot1",
            Mtu = 1500,
            UserId = 64001,
            Disks = [new("/vm/disk.raw", "raw", ReadOnly: false), new("/vm/seed.iso", "raw", ReadOnly: true)],
            KernelPath = "/images/kernel",
            InitrdPath = "/images/initrd",
            KernelCommandLine = "",
            Cpus = 2,
            MemoryMb = 64,
        },
        "/template/memory", new MachineView("/vm"), landlock: true);

    private static readonly TemplateRecord Record = new()
    {
        Build = "v53.0",
        Processor = "",
        Cpus = 2,
        MemoryMb = 64,
        VirtioConsole = false,
        Landlock = true,
        Disks = [new DiskRecord("raw", 1 << 20, ReadOnly: false), new DiskRecord("raw", 1 << 16, ReadOnly: true)],
    };

    [Fact]
    public void Clones_map_the_memory_privately_and_get_nothing_that_was_only_the_templates()
    {
        byte[] saved = Saved(root =>
        {
            root["net"]![0]!["host_mac"] = "52:54:00:00:00:01";
            root["net"]![0]!["ip"] = null;
            root["net"]![0]!["offload_tso"] = true;
            root["new_in_a_later_version"] = JsonNode.Parse("""{"a":[1,18446744073709551615]}""");
        });

        byte[] clones = SavedConfig.ForClones(saved, Created);

        JsonNode root = JsonNode.Parse(clones)!;
        Assert.False((bool)root["memory"]!["zones"]![0]!["shared"]!);
        Assert.Equal(["id", "tap", "mac", "num_queues", "queue_size", "offload_tso"], root["net"]![0]!.AsObject().Select(property => property.Key));
        Assert.False(root["payload"]!.AsObject().ContainsKey("initramfs"));
        Assert.Equal("""[{"path":"/sys/class/net/tap0","access":"r"}]""", root["landlock_rules"]!.ToJsonString());
        Assert.Equal("""{"a":[1,18446744073709551615]}""", root["new_in_a_later_version"]!.ToJsonString());
        SavedConfig.Require(clones, Record);
    }

    [Theory]
    [InlineData("CPUs", "cpus", "boot_vcpus", "1")]
    [InlineData("nested virtualization", "cpus", "nested", "true")]
    [InlineData("memory", "memory", "zones", "[]")]
    [InlineData("serial console", "serial", "mode", "\"Off\"")]
    [InlineData("virtio console", "console", "mode", "\"Tty\"")]
    [InlineData("kernel", "payload", "kernel", "\"/other\"")]
    public void A_machine_that_was_saved_as_another_one_is_no_template(string what, string part, string property, string value)
    {
        byte[] saved = Saved(root => root[part]![property] = JsonNode.Parse(value));

        HypervisorException error = Assert.Throws<HypervisorException>(() => SavedConfig.ForClones(saved, Created));

        Assert.StartsWith($"config.json describes another machine: {what} should be ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("disks", 0, "id", "\"_disk0\"")]
    [InlineData("disks", 0, "path", "\"/elsewhere\"")]
    [InlineData("disks", 1, "readonly", "false")]
    [InlineData("disks", 0, "image_type", "\"Qcow2\"")]
    [InlineData("disks", 0, "backing_files", "true")]
    [InlineData("net", 0, "mac", "\"52:54:00:00:00:03\"")]
    [InlineData("net", 0, "tap", "\"vmtap0\"")]
    public void A_device_that_was_saved_as_another_one_is_found(string part, int number, string property, string value)
    {
        byte[] saved = Saved(root => root[part]![number]![property] = JsonNode.Parse(value));

        Assert.Throws<HypervisorException>(() => SavedConfig.ForClones(saved, Created));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"cpus\":{\"boot_vcpus\":\"x\"}}")]
    public void What_is_no_description_is_refused(string text)
    {
        Assert.Throws<HypervisorException>(() => SavedConfig.ForClones(Encoding.UTF8.GetBytes(text), Created));
        Assert.Throws<HypervisorException>(() => SavedConfig.Require(Encoding.UTF8.GetBytes(text), Record));
    }

    [Fact]
    public void A_stored_description_that_has_been_changed_is_found()
    {
        byte[] clones = SavedConfig.ForClones(Saved(_ => { }), Created);
        Action<JsonNode>[] changes =
        [
            root => root["memory"]!["zones"]![0]!["shared"] = true,
            root => root["memory"]!["zones"]![0]!["size"] = 32 << 20,
            root => root["memory"]!["zones"]!.AsArray().Clear(),
            root => root["cpus"]!["max_vcpus"] = 4,
            root => root["disks"]!.AsArray().RemoveAt(1),
            root => root["disks"]![1]!["readonly"] = false,
            root => root["disks"]![0]!["image_type"] = "Unknown",
            root => root["disks"]![0]!["backing_files"] = true,
            root => root["net"]![0]!["id"] = "_net2",
            root => root["console"]!["mode"] = "Pty",
            root => root["landlock_enable"] = false,
        ];

        Assert.All(changes, change =>
        {
            JsonNode root = JsonNode.Parse(clones)!;
            change(root);
            Assert.Throws<HypervisorException>(() => SavedConfig.Require(Encoding.UTF8.GetBytes(root.ToJsonString()), Record));
        });
    }

    private static byte[] Saved(Action<JsonNode> change)
    {
        JsonNode root = JsonSerializer.SerializeToNode(Created, ApiJson.Default.VmConfig)!;
        change(root);
        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }
}
