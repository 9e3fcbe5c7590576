using System.Text;
using System.Text.Unicode;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.Win32.SafeHandles;

namespace FleetingPlugin.HostContract;

/// <summary>What one file gave.</summary>
/// <param name="Files">All file descriptors in it.</param>
/// <param name="Contracts">The contracts among them, highest version first; empty if there is none.</param>
/// <param name="Form">What the file is, for people.</param>
/// <param name="BuildId">Of an executable.</param>
internal sealed record ContractFile(
    IReadOnlyList<FileDescriptorProto> Files, IReadOnlyList<WireContract> Contracts, string Form, string? BuildId)
{
    private const int MaxDescriptorFileBytes = 64 << 20;
    private const int MaxTextBytes = 4 << 20;
    private const int HeadBytes = 4096;

    /// <summary>Reads .proto text, a serialized descriptor or descriptor set, or any executable that carries one.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    /// <exception cref="ContractUnreadableException">It is broken, or lacks a type that the contract needs.</exception>
    public static ContractFile Load(string path, CancellationToken cancellationToken)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        long length = RandomAccess.GetLength(file);
        var head = new byte[Math.Min(length, HeadBytes)];
        int got = RandomAccess.Read(file, head, 0);
        if (length <= MaxTextBytes && LooksLikeText(head.AsSpan(0, got)))
        {
            List<FileDescriptorProto> parsed = ProtoImports.Load(path);
            return new ContractFile(parsed, ContractResolver.Resolve(parsed), ".proto text", null);
        }
        if (length <= MaxDescriptorFileBytes && got > 0 && head[0] == 0x0A && FromDescriptor(path) is { } described)
        {
            return described;
        }

        ElfImage image = ElfImage.Read(file);
        IReadOnlyList<FileDescriptorProto> found = ExecutableScan.Run(file, image, IsComplete, cancellationToken);
        return new ContractFile(found, ContractResolver.Resolve(found), "executable", image.BuildId);
    }

    private static ContractFile? FromDescriptor(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        foreach ((Func<IReadOnlyList<FileDescriptorProto>> parse, string form) in new (Func<IReadOnlyList<FileDescriptorProto>>, string)[]
        {
            (() => FileDescriptorSet.Parser.ParseFrom(bytes).File, "descriptor set"),
            (() => [FileDescriptorProto.Parser.ParseFrom(bytes)], "descriptor"),
        })
        {
            try
            {
                IReadOnlyList<FileDescriptorProto> files = parse();
                if (ContractResolver.Resolve(files) is { Count: > 0 } contracts)
                {
                    return new ContractFile(files, contracts, form, null);
                }
            }
            catch (InvalidProtocolBufferException)
            {
                // Not this form; the next one is tried, and at last the search that any file can stand.
            }
        }
        return null;
    }

    private static bool IsComplete(IReadOnlyList<FileDescriptorProto> files)
    {
        try
        {
            return ContractResolver.Resolve(files).Count > 0;
        }
        catch (ContractUnreadableException)
        {
            // The service is here, one of its imports may lie in a later part of the file.
            return false;
        }
    }

    private static bool LooksLikeText(ReadOnlySpan<byte> head)
    {
        foreach (byte b in head)
        {
            if (b < 0x20 && b is not ((byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)'\f'))
            {
                return false;
            }
        }
        // A character may be cut in two at the end of the head.
        return !head.IsEmpty && (Utf8.IsValid(head) || Encoding.UTF8.GetString(head).IndexOf('\uFFFD') >= head.Length - 4);
    }
}
