using System.IO.Compression;
using FleetingPlugin.Contract;
using FleetingPlugin.HostContract;
using FleetingPlugin.Tests.Transcoding;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.Extensions.Logging.Abstractions;

namespace FleetingPlugin.Tests.HostContract;

public sealed class DescriptorScannerTests : IDisposable
{
    private readonly string path = Path.GetTempFileName();

    public void Dispose() => File.Delete(path);

    private static byte[] Ours => FleetingReflection.Descriptor.SerializedData.ToByteArray();

    [Fact]
    public void A_raw_descriptor_is_found_with_exact_bounds_although_other_strings_follow_at_once()
    {
        byte[] blob = [.. "garbage.proto"u8, 0x0A, 0x0D, .. Ours, .. "PnextXstring\u000a\u0012 z"u8];
        Assert.Equal(Ours, Assert.Single(Scan(blob)).ToByteArray());
    }

    [Fact]
    public void A_compressed_descriptor_is_found_and_a_compressed_anything_is_not()
    {
        byte[] blob = [.. new byte[100], .. Gzip(Ours), .. Gzip("\nhello, no descriptor"u8.ToArray()), .. new byte[100]];
        Assert.Equal("fleeting.proto", Assert.Single(Scan(blob)).Name);
    }

    [Theory]
    [InlineData("62 08 65646974696F6E73 70 E8 07", true)]
    [InlineData("70 E8 07", false)]
    public void An_edition_belongs_to_a_descriptor_only_after_the_syntax_editions(string hex, bool belongs)
    {
        byte[] head = [0x0A, 7, .. "a.proto"u8, 0x12, 1, (byte)'p', 0x22, 3, 0x0A, 1, (byte)'M'];
        byte[] tail = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        int measured = DescriptorExtent.Measure([.. head, .. tail, 0x50, 0x01]);
        Assert.Equal(belongs ? head.Length + tail.Length : head.Length, measured);
    }

    [Fact]
    public void A_descriptor_without_a_syntax_field_ends_where_no_legal_field_follows()
    {
        byte[] proto2 = new FileDescriptorProto { Name = "two.proto", Package = "p", MessageType = { new DescriptorProto { Name = "M" } } }.ToByteArray();
        // 'P' and 'X' look like dependency indexes, of which this file has none.
        Assert.Equal(proto2.Length, DescriptorExtent.Measure([.. proto2, .. "PAX"u8]));
    }

    [Fact]
    public void A_name_alone_is_no_descriptor() => Assert.Equal(0, DescriptorExtent.Measure([0x0A, 7, .. "a.proto"u8, 0, 0]));

    [Theory]
    [InlineData((4 << 20) - 3)]
    [InlineData((5 << 20) - 700)]
    [InlineData((4 << 20) - 264)]
    [InlineData(9 << 20)]
    public void A_descriptor_across_two_windows_is_found_once(int offset)
    {
        var blob = new byte[offset + Ours.Length + 5000];
        Ours.CopyTo(blob, offset);
        File.WriteAllBytes(path, blob);
        ContractFile file = ContractFile.Load(path, CancellationToken.None);
        Assert.Single(file.Files);
        Assert.Equal("vmpool.fleeting.v1.InstanceGroup", Assert.Single(file.Contracts).Service.FullName);
    }

    [Fact]
    public void An_ELF_file_is_searched_data_first_and_its_build_id_is_read()
    {
        byte[] note = [4, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, .. "GNU\0"u8, 0xDE, 0xAD, 0xBE, 0xEF];
        var image = new byte[1 << 16];
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(image);
        BitConverter.GetBytes(64L).CopyTo(image, 32);
        BitConverter.GetBytes((ushort)56).CopyTo(image, 54);
        BitConverter.GetBytes((ushort)3).CopyTo(image, 56);
        Header(image, 0, type: 1, flags: 5, offset: 0x1000, size: 0x1000);
        Header(image, 1, type: 1, flags: 4, offset: 0x8000, size: 0x2000);
        Header(image, 2, type: 4, flags: 4, offset: 0x300, size: note.Length);
        note.CopyTo(image, 0x300);
        Ours.CopyTo(image, 0x8100);
        File.WriteAllBytes(path, image);
        using (var handle = File.OpenHandle(path))
        {
            ElfImage elf = ElfImage.Read(handle);
            Assert.Equal([0x8000L, 0x1000L, 0L, 0x2000L, 0xA000L], elf.Ranges.Select(range => range.Offset));
            Assert.Equal("deadbeef", elf.BuildId);
        }
        Assert.Single(ContractFile.Load(path, CancellationToken.None).Contracts);
    }

    [Fact]
    public void Of_several_versions_the_highest_comes_first()
    {
        FileDescriptorProto[] files = [.. new[] { "a.v1", "a.v3beta1", "a.v10", "a.v9" }.Select(package =>
            TestContracts.Descriptor(MinimalContract.Text.Replace("package p;", $"package {package};", StringComparison.Ordinal), package + ".proto"))];
        File.WriteAllBytes(path, [.. files.SelectMany(file => (byte[])[.. file.ToByteArray(), 0, 0])]);
        Assert.Equal(["a.v10.G", "a.v9.G", "a.v3beta1.G", "a.v1.G"],
            ContractFile.Load(path, CancellationToken.None).Contracts.Select(contract => contract.Service.FullName));
    }

    [Fact]
    public void A_descriptor_set_and_text_give_the_same_contract()
    {
        File.WriteAllBytes(path, new FileDescriptorSet { File = { FileDescriptorProto.Parser.ParseFrom(Ours) } }.ToByteArray());
        string fromSet = ProtoPrinter.Print(Assert.Single(ContractFile.Load(path, CancellationToken.None).Contracts));
        File.WriteAllText(path, fromSet);
        ContractFile text = ContractFile.Load(path, CancellationToken.None);
        Assert.Equal(".proto text", text.Form);
        Assert.Equal(fromSet, ProtoPrinter.Print(Assert.Single(text.Contracts)));
    }

    [Fact]
    public void When_the_executable_cannot_be_read_the_last_good_contract_is_used()
    {
        string directory = Directory.CreateTempSubdirectory().FullName;
        try
        {
            var cache = new ContractCache(Path.Combine(directory, "contracts"), NullLogger.Instance);
            var search = new ContractSearch(cache, NullLogger.Instance);
            Assert.Null(search.Run([new ContractSource("parent", "/nonexistent/exe")], CancellationToken.None).Found);
            FoundContract found = ContractSearch.Builtin;
            cache.Remember("abc", [FileDescriptorProto.Parser.ParseFrom(Ours)], found);
            Assert.Equal(found.Highest.Service.FullName,
                search.Run([new ContractSource("parent", "/nonexistent/exe")], CancellationToken.None).Found?.Highest.Service.FullName);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void Nothing_found_tells_every_place_that_was_looked_at_and_what_to_do()
    {
        File.WriteAllBytes(path, new byte[1000]);
        var search = new ContractSearch(null, NullLogger.Instance);
        ContractSearchResult result = search.Run([new("VMPOOL_HOST_EXECUTABLE", path), new("parent process 7 (sh)", "/nonexistent/exe")], CancellationToken.None);
        Assert.Null(result.Found);
        foreach (string part in new[] { path, "without any protobuf descriptor", "parent process 7 (sh)", "/nonexistent/exe", "VMPOOL_CONTRACT=FILE" })
        {
            Assert.Contains(part, result.Explanation, StringComparison.Ordinal);
        }
    }

    private static void Header(byte[] image, int index, uint type, uint flags, long offset, long size)
    {
        int at = 64 + 56 * index;
        BitConverter.GetBytes(type).CopyTo(image, at);
        BitConverter.GetBytes(flags).CopyTo(image, at + 4);
        BitConverter.GetBytes(offset).CopyTo(image, at + 8);
        BitConverter.GetBytes(size).CopyTo(image, at + 32);
    }

    private static List<FileDescriptorProto> Scan(byte[] blob)
    {
        var scanner = new DescriptorScanner();
        scanner.ScanRaw(blob, 0, blob.Length);
        scanner.ScanGzip(blob, blob.Length, 0, blob.Length);
        return scanner.Files;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }
        return stream.ToArray();
    }
}

/// <summary>The smallest text that is a contract.</summary>
internal static class MinimalContract
{
    public const string Text = """
        syntax = "proto3"; package p;
        service G { rpc Init(A) returns (A); rpc Update(A) returns (A); rpc Increase(A) returns (A); rpc Decrease(A) returns (A); rpc ConnectInfo(A) returns (A); }
        message A { string id = 1; bytes config = 2; }
        """;
}
