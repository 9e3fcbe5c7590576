using VmmProcess;
using VmPool.Ports;

namespace Qemu.Tests;

public sealed class QemuArgumentsTests
{
    private static readonly DiskChain[] Chains =
    [
        new([new("/var/lib/pool/groups/ci/ci-1/disk.qcow2", "qcow2"), new("/var/lib/pool/images/abc/disk,1.raw", "raw")], 1 << 30),
        new([new("/var/lib/pool/groups/ci/ci-1/seed.iso", "raw")], 4096),
    ];

    [Fact]
    public void A_request_becomes_exactly_this_command_line()
    {
        var view = new MachineView(Request.Directory);

        IReadOnlyList<string> arguments = QemuArguments.Boot(Request, Chains, "tcg", GuestMemory.Anonymous, view);

        string[] expected =
        [
            "-name", "guest=ci-1",
            "-nodefaults", "-no-user-config", "-machine", "q35,sata=off,smbus=off,vmport=off", "-accel", "tcg,thread=multi", "-cpu", "max,erms=off,la57=off,smap=off",
            "-display", "none",
            "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
            "-smp", "2",
            "-m", "1024M",
            "-device", "vmgenid,guid=auto,id=vmgenid0",
            "-chardev", "socket,id=qmp0,fd=3,server=on,wait=off",
            "-mon", "chardev=qmp0,mode=control",
            "-chardev", "file,id=serial0,path=/run/fleeting-plugin-vmpool-vm/vm/console.log,append=on",
            "-serial", "chardev:serial0",
            "-blockdev", "node-name=disk0,driver=qcow2,file.driver=file,file.filename=/run/fleeting-plugin-vmpool-vm/vm/disk.qcow2,"
                + "cache.no-flush=on,discard=unmap,file.discard=unmap,"
                + "backing.driver=raw,backing.file.driver=file,backing.file.filename=/run/fleeting-plugin-vmpool-vm/image/disk0-1,backing.read-only=on",
            "-device", "virtio-blk-pci,drive=disk0,id=vd0",
            "-blockdev", "node-name=disk1,driver=raw,file.driver=file,file.filename=/run/fleeting-plugin-vmpool-vm/vm/seed.iso,read-only=on",
            "-device", "virtio-blk-pci,drive=disk1,id=vd1",
            "-netdev", "tap,id=net0,fd=4",
            "-device", "virtio-net-pci,netdev=net0,mac=52:54:00:00:00:02,host_mtu=1400,guest_announce=off,romfile=,id=vn0",
            "-device", "virtio-rng-pci,id=rng0",
            "-kernel", "/run/fleeting-plugin-vmpool-vm/image/kernel",
            "-initrd", "/run/fleeting-plugin-vmpool-vm/image/initrd",
            "-append", "root=/dev/vda rw norandmaps mitigations=off console=ttyS0",
        ];
        Assert.Equal(expected, arguments);
        Assert.Equal(
            [
                ("/var/lib/pool/images/abc/disk,1.raw", "disk0-1"),
                ("/var/lib/pool/images/abc/vmlinuz", "kernel"),
                ("/var/lib/pool/images/abc/initrd.img", "initrd"),
            ],
            view.Files);
    }

    [Fact]
    public void Two_machines_of_one_image_differ_in_nothing_but_their_name()
    {
        BootRequest other = Request with { InstanceId = "ci-2", Directory = "/srv/elsewhere/ci-2", NetworkNamespace = "other", UserId = 70001 };
        DiskChain[] otherChains =
        [
            new([new("/srv/elsewhere/ci-2/disk.qcow2", "qcow2"), Chains[0].Layers[1]], 1 << 30),
            new([new("/srv/elsewhere/ci-2/seed.iso", "raw")], 4096),
        ];

        IReadOnlyList<string> first = QemuArguments.Boot(Request, Chains, "kvm", GuestMemory.Anonymous, new MachineView(Request.Directory));
        IReadOnlyList<string> second = QemuArguments.Boot(other, otherChains, "kvm", GuestMemory.Anonymous, new MachineView(other.Directory));

        Assert.Equal(first.Skip(2), second.Skip(2));
        Assert.Equal("guest=ci-2", second[1]);
    }

    [Fact]
    public void A_template_differs_from_a_boot_in_its_memory_alone()
    {
        IReadOnlyList<string> boot = QemuArguments.Boot(Request, Chains, "tcg", GuestMemory.Anonymous, new MachineView(Request.Directory));
        IReadOnlyList<string> template = QemuArguments.Boot(Request, Chains, "tcg", GuestMemory.Shared("/view/memory"), new MachineView(Request.Directory));

        Assert.Equal(["q35,sata=off,smbus=off,vmport=off,memory-backend=ram0", "-object", "memory-backend-file,id=ram0,size=1024M,mem-path=/view/memory,share=on"], template.Except(boot));
        Assert.Equal(["q35,sata=off,smbus=off,vmport=off"], boot.Except(template));
    }

    public static TheoryData<string, string> MemoriesOfClones => new()
    {
        { GuestMemory.PrivateOfSealed(6).Backend!, "mem-path=/proc/self/fd/6,share=off" },
        { GuestMemory.PrivateOfReadOnlyFile("/view/memory").Backend!, "mem-path=/view/memory,share=off,readonly=on,rom=off" },
    };

    [Theory]
    [MemberData(nameof(MemoriesOfClones))]
    public void A_clone_differs_from_its_template_only_where_it_must(string backend, string mapping)
    {
        IReadOnlyList<string> template = QemuArguments.Boot(Request, Chains, "tcg", GuestMemory.Shared("/view/memory"), new MachineView(Request.Directory));
        MachineRequest request = Request with { InstanceId = "ci-2", Directory = "/srv/ci-2", NetworkNamespace = "other", UserId = 70001 };
        DiskChain[] chains = [new([new("/srv/ci-2/disk.qcow2", "qcow2"), .. Chains[0].Layers], 1 << 30), Chains[1]];

        IReadOnlyList<string> clone = QemuArguments.Clone(request, chains, "tcg", new GuestMemory(backend), new MachineView(request.Directory));

        Assert.Equal(
            [
                "guest=ci-2",
                $"memory-backend-file,id=ram0,size=1024M,{mapping}",
                "node-name=disk0,driver=qcow2,file.driver=file,file.filename=/run/fleeting-plugin-vmpool-vm/vm/disk.qcow2,"
                    + "cache.no-flush=on,discard=unmap,file.discard=unmap,"
                    + "backing.driver=qcow2,backing.file.driver=file,backing.file.filename=/run/fleeting-plugin-vmpool-vm/image/disk0-1,backing.read-only=on,"
                    + "backing.backing.driver=raw,backing.backing.file.driver=file,"
                    + "backing.backing.file.filename=/run/fleeting-plugin-vmpool-vm/image/disk0-2,backing.backing.read-only=on",
                "node-name=disk1,driver=raw,file.driver=file,file.filename=/run/fleeting-plugin-vmpool-vm/image/disk1-0,read-only=on",
                "-action", "reboot=shutdown", "-S", "-incoming", "defer",
            ],
            clone.Except(template));
        Assert.Equal(["-kernel", "-initrd", "-append"], template.Except(clone).Where(argument => argument[0] == '-'));
    }

    [Fact]
    public void Kvm_guests_get_the_processor_of_the_host()
    {
        IReadOnlyList<string> arguments = QemuArguments.Boot(Request, Chains, "kvm", GuestMemory.Anonymous, new MachineView(Request.Directory));

        Assert.Equal("kvm", arguments[arguments.IndexOf("-accel") + 1]);
        Assert.Equal("host,vmx=off,svm=off,min-xlevel=0x80000008", arguments[arguments.IndexOf("-cpu") + 1]);
    }

    [Theory]
    [InlineData("kvm", "host")]
    [InlineData("tcg", "max,erms=off,la57=off,smap=off")]
    public void A_nested_guest_sees_the_processors_virtualization(string accelerator, string model)
    {
        IReadOnlyList<string> arguments = QemuArguments.Boot(
            Request with { Nested = true }, Chains, accelerator, GuestMemory.Anonymous, new MachineView(Request.Directory));

        Assert.Equal(model, arguments[arguments.IndexOf("-cpu") + 1]);
    }

    [Fact]
    public void The_virtio_console_is_added_behind_the_serial_one()
    {
        IReadOnlyList<string> arguments = QemuArguments.Boot(
            Request with { VirtioConsole = true, InitrdPath = null, KernelCommandLine = "" },
            Chains, "tcg", GuestMemory.Anonymous, new MachineView(Request.Directory));

        Assert.Contains("file,id=hvc0,path=/run/fleeting-plugin-vmpool-vm/vm/virtio-console.log,append=on", arguments);
        Assert.Contains("virtconsole,chardev=hvc0,id=vc0", arguments);
        Assert.Equal("norandmaps mitigations=off console=hvc0 console=ttyS0", arguments[^1]);
        Assert.DoesNotContain("-initrd", arguments);
    }

    private static BootRequest Request => new()
    {
        InstanceId = "ci-1",
        Directory = "/var/lib/pool/groups/ci/ci-1",
        NetworkNamespace = "vmpool-1",
        Mtu = 1400,
        UserId = 70000,
        Disks = [new("/var/lib/pool/groups/ci/ci-1/disk.qcow2", "qcow2", false), new("/var/lib/pool/groups/ci/ci-1/seed.iso", "raw", true)],
        KernelPath = "/var/lib/pool/images/abc/vmlinuz",
        InitrdPath = "/var/lib/pool/images/abc/initrd.img",
        KernelCommandLine = "root=/dev/vda rw",
        Cpus = 2,
        MemoryMb = 1024,
    };
}
