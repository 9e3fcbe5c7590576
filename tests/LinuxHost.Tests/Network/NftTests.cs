namespace LinuxHost.Tests.Network;

public sealed class NftTests
{
    private const string Table = "table inet lhtest {\n\tset guests {\n\t\ttype ipv4_addr\n\t}\n}\n";

    [Fact]
    public async Task A_table_is_applied_listed_and_deleted_in_its_namespace_only()
    {
        await using TestNamespace space = await TestNamespace.CreateAsync();
        Assert.Null(await Nft.ListTableAsync("inet", "lhtest", space.Name));
        await Nft.ApplyAsync(Table, space.Name);
        Assert.Equal(Table, await Nft.ListTableAsync("inet", "lhtest", space.Name));
        Assert.Equal(Table, await Nft.ListRulesetAsync(space.Name));
        Assert.Null(await Nft.ListTableAsync("inet", "lhtest"));

        await Nft.DeleteTableAsync("inet", "lhtest", space.Name);
        Assert.Equal("", await Nft.ListRulesetAsync(space.Name));
        await Nft.DeleteTableAsync("inet", "lhtest", space.Name);
    }

    [Fact]
    public async Task A_script_with_one_bad_line_changes_nothing_and_the_error_shows_the_line()
    {
        await using TestNamespace space = await TestNamespace.CreateAsync();
        HostCommandException error = await Assert.ThrowsAsync<HostCommandException>(
            () => Nft.ApplyAsync(Table + "add element inet lhtest nosuchset { 192.0.2.1 }\n", space.Name));
        Assert.Contains("nosuchset", error.Message, StringComparison.Ordinal);
        Assert.Equal("", await Nft.ListRulesetAsync(space.Name));
    }

    [Theory]
    [InlineData("netlink: Error: cache initialization failed: Protocol not supported", true)]
    [InlineData("mnl.c:59: Unable to initialize Netlink socket: Protocol not supported", true)]
    [InlineData("Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed: Operation not permitted", false)]
    [InlineData("Error: No such file or directory", false)]
    public void A_kernel_without_nftables_is_told_from_other_failures(string message, bool lacks) =>
        Assert.Equal(lacks, Nft.SaysKernelLacksTables(message));
}
