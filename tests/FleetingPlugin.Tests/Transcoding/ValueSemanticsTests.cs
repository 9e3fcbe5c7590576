using FleetingPlugin.Binding;
using FleetingPlugin.Contract;
using FleetingPlugin.Transcoding;
using Google.Protobuf;
using GoPlugin.Grpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace FleetingPlugin.Tests.Transcoding;

public sealed class ValueSemanticsTests
{
    private const string Rest = """
        message Nothing {} message Id { string id = 1; } message Ids { repeated string ids = 1; } message N { int32 n = 1; }
        message List { repeated Vm vms = 1; } message Vm { string id = 1; string state = 2; }
        message Connection { string address = 1; bytes key = 2; }
        message Conf { bytes config = 1; }
        """;

    [Fact]
    public async Task A_partial_Increase_without_an_error_field_answers_what_succeeded_and_only_nothing_is_an_error()
    {
        ContractBinding binding = Contract();
        Assert.Equal(new byte[] { 8, 2 }, await AnswerAsync(binding, "Increase", [8, 5], new IncreaseResponse { Succeeded = 2, Error = "full" }));
        var refused = await Assert.ThrowsAsync<GrpcStatusException>(
            () => AnswerAsync(binding, "Increase", [8, 5], new IncreaseResponse { Error = "the host is full" }));
        Assert.Equal("the host is full", refused.Status.Message);
        Assert.Empty(await AnswerAsync(binding, "Increase", [], new IncreaseResponse()));
    }

    [Fact]
    public async Task Heartbeat_of_a_wrapped_id_asks_about_that_instance()
    {
        ContractBinding binding = Contract(("rpc Update(", "rpc Heartbeat(google.protobuf.StringValue) returns (google.protobuf.Empty); rpc Update("));
        var service = new RecordingService { Response = new HeartbeatResponse() };
        await Served(binding, "Heartbeat", service).AnswerAsync(new byte[] { 0x0A, 2, (byte)'v', (byte)'1' }, CancellationToken.None);
        Assert.Equal(new HeartbeatRequest { Id = "v1" }, service.Request);
    }

    [Theory]
    [InlineData(0, "full", "12 04 66756C6C")]
    [InlineData(2, "full", "08 02")]
    [InlineData(0, "", "08 00")]
    public async Task A_oneof_of_count_and_error_says_one_of_them(int succeeded, string error, string expected)
    {
        ContractBinding binding = Contract(("rpc Increase(N) returns (N);", "rpc Increase(N) returns (R);"),
            ("message Nothing {}", "message Nothing {} message R { oneof result { int32 count = 1; string error = 2; } }"));
        byte[] answer = await AnswerAsync(binding, "Increase", [8, 5], new IncreaseResponse { Succeeded = succeeded, Error = error });
        Assert.Equal(Convert.FromHexString(expected.Replace(" ", "", StringComparison.Ordinal)), answer);
    }

    [Fact]
    public async Task A_google_rpc_Status_carries_code_and_text()
    {
        ContractBinding binding = Contract(("rpc Increase(N) returns (N);", "rpc Increase(N) returns (R);"),
            ("message Nothing {}", "message Nothing {} message R { int32 count = 1; google.rpc.Status status = 2; }"));
        Assert.Equal(new byte[] { 8, 1, 0x12, 5, 8, 2, 0x12, 1, (byte)'x' }, await AnswerAsync(binding, "Increase", [], new IncreaseResponse { Succeeded = 1, Error = "x" }));
    }

    [Theory]
    [InlineData("timeout", "DELETED")]
    [InlineData("resuming", "RUNNING")]
    [InlineData("suspended", "RUNNING")]
    public async Task A_state_that_the_enum_lacks_is_told_as_the_nearest_and_contract_lists_it(string state, string told)
    {
        ContractBinding binding = Contract(("message Vm { string id = 1; string state = 2; }",
            "message Vm { string id = 1; State state = 2; } enum State { UNKNOWN = 0; STATE_CREATING = 1; STATE_RUNNING = 2; STATE_DELETING = 3; STATE_DELETED = 4; }"));
        byte[] answer = await AnswerAsync(binding, "Update", [], new UpdateResponse { Instances = { new Contract.Instance { Id = "a", State = state } } });
        Assert.Equal(new byte[] { 0x0A, 5, 0x0A, 1, (byte)'a', 0x10, (byte)(told == "RUNNING" ? 2 : 4) }, answer);
        Assert.Contains("timeout as deleted", BindingReport.ReplacedStates(binding));
    }

    [Fact]
    public void An_enum_that_cannot_say_deleted_is_a_fatal_gap()
    {
        ContractBinding binding = Contract(("message Vm { string id = 1; string state = 2; }",
            "message Vm { string id = 1; State state = 2; } enum State { CREATING = 0; RUNNING = 1; DELETING = 2; }"));
        Assert.Contains(binding.Gaps, gap => gap is { IsFatal: true, Subject: "Update.response.instances.state" });
    }

    [Theory]
    [InlineData("int32", 0x7FFFFFFF)]
    [InlineData("int64", 5_000_000_000)]
    [InlineData("uint32", 0xFFFFFFFF)]
    public async Task MaxSize_is_clamped_to_the_width_of_its_field(string type, long expected)
    {
        ContractBinding binding = Contract(("rpc Init(Conf) returns (Nothing);", "rpc Init(Conf) returns (Group);"),
            ("message Nothing {}", $"message Nothing {{}} message Group {{ {type} max_size = 1; }}"));
        var input = new CodedInputStream(await AnswerAsync(binding, "Init", [], new InitResponse { MaxSize = 5_000_000_000 }));
        input.ReadTag();
        Assert.Equal(expected, input.ReadInt64());
    }

    [Theory]
    [InlineData("bool alive = 1;", "08 01")]
    [InlineData("oneof result { google.protobuf.Empty ok = 1; string error = 2; }", "0A 00")]
    public async Task A_Heartbeat_that_is_well_says_so(string fields, string expected)
    {
        ContractBinding binding = Contract(("rpc ConnectInfo(Id)", "rpc Heartbeat(Id) returns (H); rpc ConnectInfo(Id)"),
            ("message Nothing {}", $"message Nothing {{}} message H {{ {fields} }}"));
        Assert.Equal(Convert.FromHexString(expected.Replace(" ", "", StringComparison.Ordinal)), await AnswerAsync(binding, "Heartbeat", [0x0A, 1, (byte)'a'], null));
    }

    [Fact]
    public void Wrappers_and_Structs_may_be_the_requests_themselves()
    {
        ContractBinding binding = Contract(("Increase(N)", "Increase(google.protobuf.UInt64Value)"), ("Init(Conf)", "Init(google.protobuf.Struct)"),
            ("ConnectInfo(Id)", "ConnectInfo(google.protobuf.StringValue)"));
        Assert.DoesNotContain(binding.Gaps, gap => gap.IsFatal);
        Assert.Equal(300, ((IncreaseRequest)Served(binding, "Increase").Decode(new byte[] { 8, 0xAC, 2 })).Count);
        var config = Google.Protobuf.WellKnownTypes.Struct.Parser.ParseJson("""{"max_vms": 3}""").ToByteArray();
        Assert.Equal("""{"max_vms":3}""", ((InitRequest)Served(binding, "Init").Decode(config)).Config.ToStringUtf8());
    }

    [Fact]
    public void Settings_as_JSON_are_read_as_Go_marshals_them()
    {
        ContractBinding binding = Contract(("message Conf { bytes config = 1; }", "message Conf { bytes config = 1; string connector_config = 2; }"));
        const string Json = """{"OS":"linux","ProtocolPort":2222,"Key":"QUJD","UseStaticCredentials":true,"Keepalive":10000000000,"timeout":"1m","unknown":[1]}""";
        byte[] request = [0x12, (byte)(Json.Length | 0x80), (byte)(Json.Length >> 7), .. System.Text.Encoding.UTF8.GetBytes(Json)];
        ConnectorConfig settings = ((InitRequest)Served(binding, "Init").Decode(request)).Settings;
        Assert.Equal(("linux", 2222, "ABC", true, 10L, 60L),
            (settings.Os, settings.ProtocolPort, settings.Key.ToStringUtf8(), settings.UseStaticCredentials, settings.Keepalive.Seconds, settings.Timeout.Seconds));
    }

    [Fact]
    public async Task Only_one_address_field_carries_the_address_we_have()
    {
        ContractBinding binding = Contract(("string address = 1;", "string external_addr = 1;"));
        Assert.Equal(new byte[] { 0x0A, 1, (byte)'h' }, await AnswerAsync(binding, "ConnectInfo", [0x0A, 1, (byte)'a'], new ConnectInfoResponse { InternalAddr = "h" }));
    }

    [Fact]
    public async Task A_required_gap_is_the_error_of_that_call_and_of_no_other()
    {
        ContractBinding binding = Contract(("message N { int32 n = 1; }", "message N { bool what = 1; }"));
        var missing = await Assert.ThrowsAsync<GrpcStatusException>(() => AnswerAsync(binding, "Increase", [], null));
        Assert.Equal(StatusCode.FailedPrecondition, missing.Status.Code);
        foreach (string part in new[] { "Increase", "count", "p.N", "/usr/bin/test-runner" })
        {
            Assert.Contains(part, missing.Status.Message, StringComparison.Ordinal);
        }
        Assert.Empty(await AnswerAsync(binding, "Update", [], new UpdateResponse()));
    }

    [Theory]
    [InlineData("Increase", "08")]
    [InlineData("Increase", "08 FFFFFFFFFFFFFFFFFFFF01")]
    [InlineData("ConnectInfo", "0A 05 61")]
    [InlineData("ConnectInfo", "0A 01 FF")]
    [InlineData("Decrease", "0B 0B 0B")]
    public async Task Malformed_requests_are_InvalidArgument(string method, string hex)
    {
        var refused = await Assert.ThrowsAsync<GrpcStatusException>(
            () => AnswerAsync(Contract(), method, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)), null));
        Assert.Equal(StatusCode.InvalidArgument, refused.Status.Code);
    }

    [Fact]
    public async Task Our_own_contract_is_identical_and_passes_untouched()
    {
        var binding = ContractBinding.Create(FleetingPlugin.HostContract.ContractSearch.Builtin.Highest, "builtin");
        Assert.Empty(binding.Gaps);
        Assert.All(binding.Methods, method => Assert.True(method.IsIdentical, method.Wire.Name));
        var response = new UpdateResponse { Instances = { new Contract.Instance { Id = "a", State = "running" } } };
        Assert.Equal(response.ToByteArray(), await AnswerAsync(binding, "Update", [], response));
    }

    [Fact]
    public void An_Update_of_a_thousand_instances_allocates_less_than_64_bytes_for_each()
    {
        ServedMethod update = Served(Contract(), "Update");
        var response = new UpdateResponse();
        for (var at = 0; at < 1000; at++)
        {
            response.Instances.Add(new Contract.Instance { Id = $"default-0f3k9q{at:D6}", State = "running" });
        }
        Encode(update, response);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Encode(update, response);
        long perInstance = (GC.GetAllocatedBytesForCurrentThread() - before) / 1000;
        Assert.InRange(perInstance, 1, 63);

        static int Encode(ServedMethod method, UpdateResponse response)
        {
            using BackwardWriter writer = method.Encode(response);
            return writer.Written.ToArray().Length;
        }
    }

    private static ContractBinding Contract(params (string From, string To)[] changes)
    {
        string text = """
            syntax = "proto3"; package p;
            service G {
              rpc Init(Conf) returns (Nothing); rpc Update(Nothing) returns (List); rpc Increase(N) returns (N);
              rpc Decrease(Ids) returns (Ids); rpc ConnectInfo(Id) returns (Connection);
            }
            """ + "\n" + Rest;
        foreach ((string from, string to) in changes)
        {
            Assert.Contains(from, text, StringComparison.Ordinal);
            text = text.Replace(from, to, StringComparison.Ordinal);
        }
        return TestContracts.Bind(text);
    }

    private static ServedMethod Served(ContractBinding binding, string method, RecordingService? service = null) =>
        new(binding.Method(method), binding.Origin, service ?? new RecordingService(), new PendingConfiguration(), NullLogger.Instance);

    private static async Task<byte[]> AnswerAsync(ContractBinding binding, string method, byte[] request, IMessage? response) =>
        (await Served(binding, method, new RecordingService { Response = response }).AnswerAsync(request, CancellationToken.None)).ToArray();
}
