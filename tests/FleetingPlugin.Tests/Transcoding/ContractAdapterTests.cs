using FleetingPlugin.Cli;
using FleetingPlugin.HostContract;
using FleetingPlugin.Transcoding;
using GoPlugin.Grpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace FleetingPlugin.Tests.Transcoding;

public sealed class ContractAdapterTests
{
    [Fact]
    public async Task Without_a_contract_every_call_fails_with_what_was_looked_at()
    {
        ContractAdapter adapter = Adapter(new ContractSearchResult(null, [new SourceAttempt("parent process 7 (sh)", "/bin/sh", "no descriptors")]));
        foreach (string path in new[] { "/fleeting.Any/Update", "/vmpool.fleeting.v1.InstanceGroup/Update" })
        {
            var refused = await Assert.ThrowsAsync<GrpcStatusException>(async () => await adapter.ResolveAsync(path, CancellationToken.None));
            Assert.Equal(StatusCode.FailedPrecondition, refused.Status.Code);
            Assert.Contains("/bin/sh", refused.Status.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Bound_methods_are_served_under_the_found_names_and_nothing_else_is()
    {
        ContractAdapter adapter = Adapter(new ContractSearchResult(
            new FoundContract([TestContracts.Parse(Renamed)], "/usr/bin/runner"), []));
        foreach (string method in new[] { "INIT", "update", "Increase", "Decrease", "ConnectInfo", "SetConfig" })
        {
            Assert.NotNull(await adapter.ResolveAsync($"/gitlab.f.v7.Fleet/{method}", CancellationToken.None));
        }
        foreach (string path in new[] { "/gitlab.f.v7.Fleet/Extra", "/gitlab.f.v7.Fleet/Init", "/vmpool.fleeting.v1.InstanceGroup/Update", "/", "" })
        {
            Assert.Null(await adapter.ResolveAsync(path, CancellationToken.None));
        }
    }

    [Fact]
    public async Task A_call_does_not_wait_longer_for_the_search_than_its_caller()
    {
        using var hold = new ManualResetEventSlim();
        var adapter = ContractAdapter.Start(new RecordingService(), new RecordingHost([]), () => { hold.Wait(); return new ContractSearchResult(null, []); }, NullLogger.Instance);
        using var given = new CancellationTokenSource();
        Task<GrpcMethod?> waiting = adapter.ResolveAsync("/a/b", given.Token).AsTask();
        Assert.False(waiting.IsCompleted);
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        hold.Set();
    }

    [Theory]
    [InlineData(ContractCommand.WithGaps, Renamed)]
    [InlineData(ContractCommand.NothingFound, "syntax = \"proto3\"; message A {}")]
    [InlineData(ContractCommand.NothingFound, "syntax = \"proto3\"; message A {")]
    public void The_contract_command_tells_by_its_exit_code_how_well_a_file_is_understood(int expected, string proto)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, proto);
            using var output = new StringWriter();
            using var errors = new StringWriter();
            Assert.Equal(expected, ContractCommand.Run(path, json: false, output, errors));
            Assert.Equal(expected == ContractCommand.NothingFound, output.ToString().Length == 0);
            Assert.Contains(path, output.ToString() + errors, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void The_contract_command_prints_place_and_rule_of_our_own_contract_and_exits_zero()
    {
        using var output = new StringWriter();
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, ProtoPrinter.Print(ContractSearch.Builtin.Highest));
            Assert.Equal(ContractCommand.FullyBound, ContractCommand.Run(path, json: true, output, TextWriter.Null));
            using var json = System.Text.Json.JsonDocument.Parse(output.ToString());
            Assert.Equal("vmpool.fleeting.v1.InstanceGroup", json.RootElement.GetProperty("service").GetString());
            Assert.Contains(json.RootElement.GetProperty("bound").EnumerateArray(), bound =>
                bound.GetProperty("field").GetString() == "Update.response.instances.state" && bound.GetProperty("rule").GetString() == "name");
        }
        finally
        {
            File.Delete(path);
        }
    }

    private const string Renamed = """
        syntax = "proto3"; package gitlab.f.v7;
        service Fleet { rpc INIT(E) returns (E); rpc SetConfig(C) returns (E); rpc update(E) returns (L); rpc Increase(N) returns (N); rpc Decrease(I) returns (I); rpc ConnectInfo(O) returns (X); rpc Extra(C) returns (E); }
        message E {} message C { bytes blob = 4; } message L { map<string, string> all = 9; } message N { uint64 delta = 3; }
        message I { repeated string instances = 2; } message O { string instance = 8; } message X { string host = 1; string private_key = 5; }
        """;

    private static ContractAdapter Adapter(ContractSearchResult result) =>
        ContractAdapter.Start(new RecordingService(), new RecordingHost([]), () => result, NullLogger.Instance);
}
