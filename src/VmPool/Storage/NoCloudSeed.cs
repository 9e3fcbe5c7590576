using LinuxHost;

namespace VmPool.Storage;

/// <summary>
/// The small ISO 9660 disk from which cloud-init's NoCloud source reads: volume <c>cidata</c> with meta-data and user-data
/// (cloud-init documentation, "NoCloud"). It may hold a host key or a password hash, so only its owner may read it.
/// </summary>
internal static class NoCloudSeed
{
    public const string FileName = "seed.iso";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes the seed into the directory.</summary>
    /// <param name="directory">Private to us or to the machine's user; nothing but the finished file stays in it.</param>
    /// <param name="instanceId">cloud-init acts once for each id.</param>
    /// <param name="hostName">Name the guest takes.</param>
    /// <param name="userData">Text beginning with <c>#cloud-config</c>.</param>
    /// <param name="userId">Owner of the file.</param>
    /// <param name="cancellationToken">Ends the tool.</param>
    /// <returns>Absolute path of the file.</returns>
    public static async Task<string> CreateAsync(
        string directory, string instanceId, string hostName, string userData, uint userId, CancellationToken cancellationToken)
    {
        string content = Path.Combine(directory, ".seed");
        string seed = Path.Combine(directory, FileName);
        PrivateDirectory.Ensure(content);
        try
        {
            string metaPath = Path.Combine(content, "meta-data");
            string userPath = Path.Combine(content, "user-data");
            // dsmode local lets cloud-init finish before the network and without a second stage.
            AtomicFile.Write(metaPath, $"instance-id: {instanceId}\nlocal-hostname: {hostName}\ndsmode: local\n");
            AtomicFile.Write(userPath, userData);
            // Made before the tool fills it: a new file would be readable by everybody for a moment.
            AtomicFile.Write(seed, "", OwnerOnly);
            await HostProgram.RunAsync(
                "genisoimage", "genisoimage",
                ["-quiet", "-input-charset", "utf-8", "-output", seed, "-volid", "cidata", "-joliet", "-rational-rock", metaPath, userPath],
                null, cancellationToken);
            FileOwner.Set(seed, userId, userId, OwnerOnly);
            return seed;
        }
        finally
        {
            Directory.Delete(content, recursive: true);
        }
    }
}
