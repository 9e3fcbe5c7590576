using Google.Protobuf.Reflection;

namespace FleetingPlugin.HostContract;

/// <summary>Reads a .proto file with the files it imports, which are looked for beside it and in the directories above.</summary>
internal static class ProtoImports
{
    private const int MaxFiles = 100;

    /// <exception cref="ContractUnreadableException">A file is broken or an import is nowhere.</exception>
    public static List<FileDescriptorProto> Load(string path)
    {
        var files = new List<FileDescriptorProto> { ProtoParser.Parse(Path.GetFileName(path), File.ReadAllText(path)) };
        string directory = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        for (var at = 0; at < files.Count; at++)
        {
            foreach (string import in files[at].Dependency)
            {
                // Files of options define nothing that a contract consists of.
                if (WellKnownTypes.IsImport(import) || files.Any(file => file.Name == import) || Find(directory, import) is not { } found)
                {
                    continue;
                }
                if (files.Count == MaxFiles)
                {
                    throw new ContractUnreadableException($"{path} imports more than {MaxFiles} files");
                }
                files.Add(ProtoParser.Parse(import, File.ReadAllText(found)));
            }
        }
        return ProtoTypeNames.Resolve(files, WellKnownTypes.Files);
    }

    // A missing import is not an error yet: it is one if a type of it is used, and then the type is named.
    private static string? Find(string directory, string import)
    {
        for (string? at = directory; at is not null; at = Path.GetDirectoryName(at))
        {
            if (File.Exists(Path.Combine(at, import)))
            {
                return Path.Combine(at, import);
            }
        }
        return File.Exists(Path.Combine(directory, Path.GetFileName(import))) ? Path.Combine(directory, Path.GetFileName(import)) : null;
    }
}
