using VmPool.Instances;
using VmPool.Options;
using VmPool.Tests.Fakes;

namespace VmPool.Tests.Provisioning;

public sealed class CapacityTests
{
    [Fact]
    public async Task Above_the_configured_maximum_only_a_part_is_accepted_and_the_reason_names_the_key()
    {
        await using TestGroup test = await new TestGroup { Options = Options() with { MaxVms = 3 } }.OpenAsync();

        Acceptance acceptance = test.Group.Accept(5);

        Assert.Equal(3, acceptance.Ids.Count);
        Assert.Contains("max_vms", acceptance.Shortfall, StringComparison.Ordinal);
        Assert.Empty(test.Group.Accept(1).Ids);
        Assert.Equal(3, test.Group.MaxSize);
    }

    [Fact]
    public async Task Slots_that_other_groups_hold_are_not_promised()
    {
        await using TestGroup test = await new TestGroup { Options = Options() }.OpenAsync();
        test.Pool.SlotCount = 4;
        test.Pool.Claim(0, "other-1");
        test.Pool.Claim(1, "other-2");

        Acceptance acceptance = test.Group.Accept(4);

        Assert.Equal(2, acceptance.Ids.Count);
        Assert.Contains("vm_subnet", acceptance.Shortfall, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Memory_that_was_promised_but_not_touched_yet_is_not_promised_again()
    {
        await using TestGroup test = await new TestGroup { Options = Options() }.OpenAsync();
        test.Pool.MemoryMb = 3 * 4096 + 100;

        Assert.Equal(2, test.Group.Accept(2).Ids.Count);
        Acceptance acceptance = test.Group.Accept(5);

        Assert.Single(acceptance.Ids);
        Assert.Contains("vm_memory_mb", acceptance.Shortfall, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_refuses_and_names_the_directory()
    {
        await using TestGroup test = await new TestGroup { Options = Options() }.OpenAsync();
        test.Pool.DiskBytes = 1 << 20;

        Acceptance acceptance = test.Group.Accept(1);

        Assert.Empty(acceptance.Ids);
        Assert.Contains("vm_disk_directory", acceptance.Shortfall, StringComparison.Ordinal);
        Assert.Contains("1 MiB free", acceptance.Shortfall, StringComparison.Ordinal);
    }

    private static GroupOptions Options() => TestGroup.OptionsFor("capacity");
}
