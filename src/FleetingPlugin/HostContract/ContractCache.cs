using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.Extensions.Logging;

namespace FleetingPlugin.HostContract;

/// <summary>
/// The last good contracts, one descriptor set for each build id, for the day the executable cannot be read (an executable
/// with file capabilities hides itself from its children).
/// </summary>
/// <param name="directory">Where; made when needed. Losing it costs nothing but that day.</param>
/// <param name="log">Gets a warning when it cannot be written.</param>
internal sealed class ContractCache(string directory, ILogger log)
{
    private const string Suffix = ".descriptors";
    private const int Kept = 8;

    /// <summary>Keeps a contract with the files its own file depends on.</summary>
    public void Remember(string buildId, IReadOnlyList<FileDescriptorProto> files, FoundContract found)
    {
        try
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            string path = Path.Combine(directory, buildId[..Math.Min(buildId.Length, 200)] + Suffix);
            string temporary = $"{path}.{Environment.ProcessId}";
            File.WriteAllBytes(temporary, Needed(files, found).ToByteArray());
            File.Move(temporary, path, overwrite: true);
            foreach (FileInfo old in Newest().Skip(Kept))
            {
                old.Delete();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.CacheNotWritten(directory, e.Message);
        }
    }

    /// <summary>The contract found last, when no executable could be read; null if none was ever kept.</summary>
    public FoundContract? Newest(List<SourceAttempt> attempts)
    {
        try
        {
            if (Newest().FirstOrDefault() is not { } newest)
            {
                return null;
            }
            ContractFile file = ContractFile.Load(newest.FullName, CancellationToken.None);
            if (file.Contracts.Count > 0)
            {
                log.CacheUsed(file.Contracts[0].Service.FullName, newest.FullName, string.Join("; ", attempts.Select(attempt => $"{attempt.Path}: {attempt.Outcome}")));
                return new FoundContract(file.Contracts, newest.FullName);
            }
            attempts.Add(new SourceAttempt("remembered contract", newest.FullName, "no contract in it"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ContractUnreadableException)
        {
            attempts.Add(new SourceAttempt("remembered contract", directory, e.Message));
        }
        return null;
    }

    private IEnumerable<FileInfo> Newest()
    {
        var place = new DirectoryInfo(directory);
        return place.Exists ? place.EnumerateFiles("*" + Suffix).OrderByDescending(file => file.LastWriteTimeUtc) : [];
    }

    private static FileDescriptorSet Needed(IReadOnlyList<FileDescriptorProto> files, FoundContract found)
    {
        var set = new FileDescriptorSet();
        var wanted = new Queue<string>(found.Contracts.Select(contract => contract.FileName));
        var taken = new HashSet<string>();
        while (wanted.TryDequeue(out string? name))
        {
            if (!taken.Add(name))
            {
                continue;
            }
            foreach (FileDescriptorProto file in files.Where(file => file.Name == name))
            {
                set.File.Add(file);
                foreach (string dependency in file.Dependency)
                {
                    wanted.Enqueue(dependency);
                }
            }
        }
        return set;
    }
}
