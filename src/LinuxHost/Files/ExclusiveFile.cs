using System.Text;

namespace LinuxHost;

/// <summary>
/// Claim files: exactly one of all contenders creates the name, and it appears with its whole content
/// (a finished temporary file is linked to the name), so a reader never meets a half claim.
/// </summary>
public static class ExclusiveFile
{
    /// <summary>Creates the file unless it exists.</summary>
    /// <returns>False when the name is taken.</returns>
    /// <exception cref="HostResourceException">Any other failure; names the file and the reason.</exception>
    public static bool TryCreate(string path, string content, UnixFileMode mode = AtomicFile.PrivateMode)
    {
        string temporary = TemporaryName.For(path);
        try
        {
            AtomicFile.WriteNew(temporary, Encoding.UTF8.GetBytes(content), mode, fsync: false);
            if (Libc.Link(temporary, path) == 0)
            {
                return true;
            }
            return Libc.LastErrno == Errno.Exists ? false : throw Errno.Failure($"cannot create {path}", Libc.LastErrno);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostResourceException($"cannot create {path}: {e.Message}", e);
        }
        finally
        {
            AtomicFile.RemoveQuietly(temporary);
        }
    }
}
