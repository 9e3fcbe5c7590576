using FleetingPlugin.Binding;
using FleetingPlugin.HostContract;
using FleetingPlugin.Transcoding;
using Google.Protobuf;
using GoPlugin.Grpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace FleetingPlugin.Tests.Transcoding;

/// <summary>Broken bytes, 100,000 times: only the documented errors, and memory in proportion.</summary>
public sealed class MutationTests
{
    private const long MaxBytesPerCase = 16 << 20;

    [Fact]
    public void Twenty_thousand_damaged_executables_are_searched_resolved_and_bound()
    {
        byte[][] originals = [.. Enumerable.Range(0, 8).Select(seed =>
            (byte[])[.. "some strings\0of a program"u8, .. TestContracts.Descriptor(new ContractGenerator(seed).Generate().Proto).ToByteArray(), .. "more"u8, 0x1F, 0x8B, 0x08, 0x00, 1, 2, 3])];
        var random = new Random(1);
        var bound = 0;
        for (var round = 0; round < 20_000; round++)
        {
            byte[] damaged = Damage(originals[round % originals.Length], random);
            long before = GC.GetAllocatedBytesForCurrentThread();
            var scanner = new DescriptorScanner();
            scanner.ScanRaw(damaged, 0, damaged.Length);
            scanner.ScanGzip(damaged, damaged.Length, 0, damaged.Length);
            try
            {
                foreach (WireContract contract in ContractResolver.Resolve(scanner.Files))
                {
                    // Binding is the dear part; every eighth shows as much.
                    bound += round % 8 == 0 && ContractBinding.Create(contract, "damaged").Methods.Count >= 4 ? 1 : 0;
                }
            }
            catch (ContractUnreadableException)
            {
                // Documented: a type is missing.
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MaxBytesPerCase);
        }
        Assert.InRange(bound, 100, 20_000);
    }

    [Fact]
    public void Eighty_thousand_damaged_requests_are_read_or_refused()
    {
        var cases = new List<(ServedMethod Method, byte[] Bytes)>();
        for (var seed = 0; seed < 20; seed++)
        {
            ContractGenerator generated = new ContractGenerator(seed).Generate();
            ContractBinding binding = ContractBinding.Create(TestContracts.Parse(generated.Proto), "test");
            foreach (MethodBinding method in binding.Methods.Where(method => method.Request.Fields.Count > 0))
            {
                var served = new ServedMethod(method, "test", new RecordingService(), new PendingConfiguration(), NullLogger.Instance);
                cases.Add((served, HostWire.Encode(generated.Methods[method.Canonical.Name].Input, Values())));
            }
        }
        var random = new Random(2);
        var refused = 0;
        for (var round = 0; round < 80_000; round++)
        {
            (ServedMethod method, byte[] bytes) = cases[round % cases.Count];
            byte[] damaged = Damage(bytes, random);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                _ = method.Decode(damaged).CalculateSize();
            }
            catch (GrpcStatusException e)
            {
                Assert.Equal(StatusCode.InvalidArgument, e.Status.Code);
                refused++;
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MaxBytesPerCase);
        }
        Assert.InRange(refused, 10_000, 79_000);
    }

    private static Dictionary<string, object> Values() => new()
    {
        ["json:config"] = """{"a": [1, {"b": "c"}]}""",
        ["text:id"] = "i-1",
        ["text:ids"] = new List<object> { "i-1", "i-2" },
        ["count:count"] = 300L,
        ["count:callback"] = 5L,
        ["text:os"] = "linux",
        ["text:arch"] = "amd64",
        ["text:username"] = "ci",
        ["secret:key"] = new byte[40],
        ["duration:keepalive"] = TimeSpan.FromSeconds(10),
        ["duration:timeout"] = TimeSpan.FromSeconds(90),
        ["count:protocol_port"] = 22L,
    };

    private static byte[] Damage(byte[] original, Random random)
    {
        List<byte> bytes = [.. original];
        for (int times = 1 + random.Next(4); times > 0; times--)
        {
            int at = random.Next(bytes.Count + 1);
            switch (random.Next(4))
            {
                case 0 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2 when at < bytes.Count:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + random.Next(6)));
                    break;
                default:
                    bytes.InsertRange(at, Enumerable.Range(0, 1 + random.Next(6)).Select(_ => (byte)random.Next(256)));
                    break;
            }
        }
        return [.. bytes];
    }
}
