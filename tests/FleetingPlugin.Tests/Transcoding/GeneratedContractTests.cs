using System.Text;
using System.Text.Json.Nodes;
using FleetingPlugin.Binding;
using FleetingPlugin.Contract;
using FleetingPlugin.Transcoding;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;

namespace FleetingPlugin.Tests.Transcoding;

/// <summary>A thousand made-up contracts; each is bound without a gap, and every method survives the way there and back.</summary>
public sealed class GeneratedContractTests
{
    [Theory]
    [InlineData(0), InlineData(1), InlineData(2), InlineData(3)]
    public async Task Renamed_renumbered_nested_and_reshaped_contracts_are_bound_and_transcoded(int quarter)
    {
        for (int seed = quarter * 250; seed < (quarter + 1) * 250; seed++)
        {
            var generated = new ContractGenerator(seed);
            try
            {
                generated.Generate();
                await new RoundTrip(generated, seed).RunAsync();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}: {e.Message}\n{generated.Proto}", e);
            }
        }
    }
}

/// <summary>One generated contract, all methods.</summary>
internal sealed class RoundTrip
{
    private static readonly byte[] Pem = Encoding.ASCII.GetBytes("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n");

    private readonly ContractGenerator generated;
    private readonly ContractBinding binding;
    private readonly RecordingService service = new();
    private readonly PendingConfiguration pending = new();
    private readonly Random random;

    public RoundTrip(ContractGenerator generated, int seed)
    {
        this.generated = generated;
        random = new Random(seed);
        binding = ContractBinding.Create(TestContracts.Parse(generated.Proto), "test");
        // A contract that leaves the external address out lacks nothing.
        Assert.Empty(binding.Gaps.Select(gap => $"{gap.Subject}: {gap.Text}"));
    }

    public async Task RunAsync()
    {
        var settings = new ConnectorConfig
        {
            Os = "linux",
            Arch = "arm64",
            Protocol = "ssh",
            ProtocolPort = random.Next(1, 65536),
            Username = "ci",
            Password = "pass word",
            Key = ByteString.CopyFrom(Pem),
            UseStaticCredentials = true,
            Keepalive = Duration.FromTimeSpan(TimeSpan.FromSeconds(random.Next(1, 100))),
            Timeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(random.Next(1, 600))),
        };
        await InitAsync(settings);
        await UpdateAsync();
        await CountAsync("Increase", "count:succeeded", new IncreaseResponse { Succeeded = 3, Error = "full: é" });
        await IdsAsync("Decrease", new DecreaseResponse { Succeeded = { "a", "b" }, Error = "why" });
        await IdsAsync("Suspend", new SuspendResponse { Succeeded = { "a" } });
        await IdsAsync("Resume", new ResumeResponse { Succeeded = { "x", "y" } });
        await ConnectInfoAsync(settings);
        await CallAsync("Heartbeat", new() { ["text:id"] = "i-1" }, null);
        Assert.Equal("i-1", ((HeartbeatRequest)service.Request!).Id);
        await CallAsync("Shutdown", [], null);
        Assert.IsType<ShutdownRequest>(service.Request);
    }

    private async Task InitAsync(ConnectorConfig settings)
    {
        Dictionary<string, object> values = Settings(settings);
        values["json:config"] = """{"vm_num_cpu_cores": 4, "name": "a", "deep": {"list": [1, "x", true, null]}}""";
        if (generated.Configure is { } configure)
        {
            MethodBinding bound = Assert.Single(binding.Configure);
            pending.Add((InitRequest)Served(bound).Decode(HostWire.Encode(configure.Input, values)));
        }
        Dictionary<string, List<object>> answer = await CallAsync("Init", values, new InitResponse
        {
            Id = "vmpool/h/g",
            MaxSize = 42,
            Version = "1.2.3",
            BuildInfo = "b",
            Capabilities = { "one", "two" },
        });
        var request = (InitRequest)service.Request!;
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse((string)values["json:config"]), JsonNode.Parse(request.Config.ToStringUtf8())), request.Config.ToStringUtf8());
        Assert.Equal(settings, request.Settings);
        Assert.Equal(["vmpool/h/g"], answer["text:id"]);
        Assert.Equal([42L], answer["count:max_size"]);
        Assert.Equal(["1.2.3"], answer["text:version"]);
        Assert.Equal(["b"], answer["text:build_info"]);
        Assert.Equal(["one", "two"], answer["text:capabilities"]);
    }

    private async Task UpdateAsync()
    {
        var response = new UpdateResponse();
        foreach (string state in BindingTable.States.Select(row => row.State))
        {
            response.Instances.Add(new Contract.Instance { Id = $"vm-{state}", State = state });
        }
        service.Response = response;
        MethodBinding bound = binding.Methods.Single(method => method.Canonical.Name == "Update");
        var told = new List<byte[]>();
        Dictionary<string, object> values = new() { ["count:callback"] = 4711L };
        byte[] request = HostWire.Encode(generated.Methods["Update"].Input, values);
        HostMessage type = generated.CallbackItem ?? generated.Methods["Update"].Output;
        if (generated.CallbackItem is not null)
        {
            var host = new RecordingHost(told);
            await Served(bound).CallBackAsync(request, host, CancellationToken.None);
            Assert.Equal(4711u, host.Dialled);
        }
        else if (generated.Streams)
        {
            await Served(bound).StreamAsync(request, (message, _) => Keep(told, message), CancellationToken.None);
        }
        else
        {
            told.Add((await Served(bound).AnswerAsync(request, CancellationToken.None)).ToArray());
        }
        List<Dictionary<string, List<object>>> decoded = [.. told.Select(message => HostWire.Decode(type, message))];
        Assert.Equal(response.Instances.Select(instance => instance.Id), decoded.SelectMany(message => message["text:id"]));
        Assert.Equal(response.Instances.Select(instance => instance.State), decoded.SelectMany(message => message["text:state"]));
    }

    private async Task CountAsync(string method, string role, IncreaseResponse response)
    {
        Dictionary<string, List<object>> answer = await CallAsync(method, new() { ["count:count"] = 5L }, response);
        Assert.Equal(5, ((IncreaseRequest)service.Request!).Count);
        Assert.Equal([(object)(long)response.Succeeded], answer[role]);
        Assert.Equal([response.Error], answer["text:error"]);
    }

    private async Task IdsAsync(string method, IMessage response)
    {
        (int done, string error) = CanonicalCall.Outcome(response);
        Dictionary<string, List<object>> answer = await CallAsync(method, new() { ["text:ids"] = new List<object> { "i-1", "i-2" } }, response);
        IEnumerable<string> ids = service.Request switch
        {
            DecreaseRequest m => m.Ids,
            SuspendRequest m => m.Ids,
            _ => ((ResumeRequest)service.Request!).Ids,
        };
        Assert.Equal(["i-1", "i-2"], ids);
        Assert.Equal(done, answer["text:succeeded"].Count);
        Assert.Equal(error, answer.TryGetValue("text:error", out List<object>? told) ? (string)told[0] : "");
    }

    private async Task ConnectInfoAsync(ConnectorConfig settings)
    {
        var expires = new DateTime(2026, 11, 21, 12, 0, random.Next(60), DateTimeKind.Utc);
        Dictionary<string, List<object>> answer = await CallAsync("ConnectInfo", new() { ["text:id"] = "i-7" }, new ConnectInfoResponse
        {
            Id = "i-7",
            InternalAddr = "10.0.0.1",
            ExternalAddr = "192.0.2.1",
            Config = settings,
            Expires = Timestamp.FromDateTime(expires),
        });
        Assert.Equal("i-7", ((ConnectInfoRequest)service.Request!).Id);
        Assert.Equal(["10.0.0.1"], answer["text:internal_addr"]);
        Assert.Equal([expires], answer["time:expires"]);
        foreach ((string role, object value) in Settings(settings))
        {
            Assert.True(answer.ContainsKey(role), role);
            Assert.Equal([value], answer[role]);
        }
        answer = await CallAsync("ConnectInfo", new() { ["text:id"] = "i-7" }, new ConnectInfoResponse { Id = "i-7", InternalAddr = "10.0.0.1" });
        Assert.False(answer.ContainsKey("time:expires"));
    }

    private static Dictionary<string, object> Settings(ConnectorConfig settings) => new()
    {
        ["text:os"] = settings.Os,
        ["text:arch"] = settings.Arch,
        ["text:protocol"] = settings.Protocol,
        ["count:protocol_port"] = (long)settings.ProtocolPort,
        ["text:username"] = settings.Username,
        ["text:password"] = settings.Password,
        ["secret:key"] = Pem,
        ["flag:use_static_credentials"] = true,
        ["duration:keepalive"] = settings.Keepalive.ToTimeSpan(),
        ["duration:timeout"] = settings.Timeout.ToTimeSpan(),
    };

    private async Task<Dictionary<string, List<object>>> CallAsync(string method, Dictionary<string, object> values, IMessage? response)
    {
        service.Response = response;
        (_, HostMessage input, HostMessage output) = generated.Methods[method];
        MethodBinding bound = binding.Methods.Single(one => one.Canonical.Name == method);
        return HostWire.Decode(output, (await Served(bound).AnswerAsync(HostWire.Encode(input, values), CancellationToken.None)).ToArray());
    }

    private ServedMethod Served(MethodBinding bound) => new(bound, "test", service, pending, NullLogger.Instance);

    private static Task Keep(List<byte[]> told, ReadOnlyMemory<byte> message)
    {
        told.Add(message.ToArray());
        return Task.CompletedTask;
    }
}

/// <summary>A host with one callback service.</summary>
internal sealed class RecordingHost(List<byte[]> told) : IHostCallback, IHostChannel
{
    public uint Dialled { get; private set; }

    public string? Path { get; private set; }

    public Task<IHostChannel> DialAsync(uint brokerId, CancellationToken cancellationToken)
    {
        Dialled = brokerId;
        return Task.FromResult<IHostChannel>(this);
    }

    public Task CallAsync(string path, ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        Path = path;
        told.Add(request.ToArray());
        return Task.CompletedTask;
    }

    public void Dispose()
    {
    }
}
