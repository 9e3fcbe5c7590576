namespace LinuxHost;

/// <summary>Removes directories whose content somebody else decides.</summary>
public static class DirectoryTree
{
    private const int MostEntries = 256;
    private const int MostLevels = 4;

    /// <summary>
    /// Removes the directory and everything in it; nothing happens when it is gone. Links are removed and never followed, and
    /// other file systems mounted inside are left alone. The few files of a small directory go in a fraction of a millisecond;
    /// what is larger, deeper or odd is left to the program <c>rm</c>, which copes with any tree and says what it cannot remove.
    /// </summary>
    /// <exception cref="HostCommandException">Something would not go; carries rm's words.</exception>
    public static async Task RemoveAsync(string path, CancellationToken cancellationToken = default)
    {
        // Freeing the blocks of a large file takes its time inside the kernel.
        if (!await Task.Run(() => TryRemove(path), cancellationToken))
        {
            await HostCommand.RunAsync("rm", ["--recursive", "--force", "--one-file-system", "--", path], cancellationToken: cancellationToken);
        }
    }

    private static bool TryRemove(string path)
    {
        int directory = Open(Libc.AtCurrentDirectory, path);
        if (directory < 0)
        {
            return Libc.LastErrno == Errno.NoEntry;
        }
        try
        {
            int budget = MostEntries;
            if (!TryEmpty(directory, MostLevels, ref budget))
            {
                return false;
            }
        }
        finally
        {
            _ = Libc.Close(directory);
        }
        return Removed(Libc.AtCurrentDirectory, path, Libc.AtRemoveDirectory);
    }

    // Every step names one entry of an open directory, so nobody can lead it elsewhere by putting a link in the way.
    private static bool TryEmpty(int directory, int levels, ref int budget)
    {
        foreach (string name in NamesIn(directory, budget + 1))
        {
            if (--budget < 0)
            {
                return false;
            }
            if (!Removed(directory, name, 0) && (Libc.LastErrno != Errno.IsDirectory || !TryRemoveBelow(directory, name, levels, ref budget)))
            {
                return false;
            }
        }
        return true;
    }

    private static bool TryRemoveBelow(int parent, string name, int levels, ref int budget)
    {
        int directory = levels > 1 ? Open(parent, name) : -1;
        if (directory < 0)
        {
            return false;
        }
        try
        {
            if (DeviceOf(directory) != DeviceOf(parent) || !TryEmpty(directory, levels - 1, ref budget))
            {
                return false;
            }
        }
        finally
        {
            _ = Libc.Close(directory);
        }
        return Removed(parent, name, Libc.AtRemoveDirectory);
    }

    private static int Open(int parent, string name) =>
        Libc.OpenAt(parent, name, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow | Libc.OpenCloseOnExec, 0);

    // Gone by itself is as good. A name that is no UTF-8 is not found under what .NET makes of it; its directory then does not
    // go, and rm gets the rest.
    private static bool Removed(int parent, string name, int flags) =>
        Libc.UnlinkAt(parent, name, flags) == 0 || Libc.LastErrno == Errno.NoEntry;

    private static List<string> NamesIn(int directory, int most) =>
        [.. Directory.EnumerateFileSystemEntries($"/proc/self/fd/{directory}").Take(most).Select(path => Path.GetFileName(path))];

    private static (uint Major, uint Minor)? DeviceOf(int directory) =>
        Libc.NodeOf($"/proc/self/fd/{directory}") is { } node ? (node.DeviceMajor, node.DeviceMinor) : null;
}
