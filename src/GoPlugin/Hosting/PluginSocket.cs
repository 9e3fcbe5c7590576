using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using GoPlugin.Interop;
using Microsoft.Extensions.Logging;

namespace GoPlugin.Hosting;

/// <summary>
/// A listening socket, alone in a private directory of its own: nobody else can look at, replace or race for it.
/// Without a group only this user may connect (0700, 0600); with one, the group may as well (0750, 0660).
/// </summary>
internal sealed class PluginSocket : IDisposable
{
    // What .NET accepts: sun_path has 108 bytes, the last of which ends the text.
    internal const int MaxPathBytes = 107;

    // What Kestrel asks for too. Connections wait here until somebody accepts them.
    private const int Backlog = 512;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _directory;
    private readonly uint? _group;
    private readonly ILogger _logger;

    private PluginSocket(Socket listener, string directory, uint? group, ILogger logger)
    {
        Listener = listener;
        _directory = directory;
        _group = group;
        _logger = logger;
    }

    public string Path => _directory + "/plugin.sock";

    /// <summary>For the one server that accepts its connections, which may close it.</summary>
    public Socket Listener { get; }

    /// <exception cref="PluginStartException">The directory cannot be made, the group does not exist, or listening fails.</exception>
    public static PluginSocket Listen(PluginEnvironment environment, ILogger logger)
    {
        var group = environment.SocketGroup is { } name ? ResolveGroup(name) : (uint?)null;
        var parent = System.IO.Path.GetFullPath(environment.SocketDirectory);
        var length = Encoding.UTF8.GetByteCount(parent) + "/plugin-XXXXXX/plugin.sock".Length;
        if (length > MaxPathBytes)
        {
            throw new PluginStartException(
                $"the plugin's socket in '{parent}' would have a path of {length} bytes, but the system allows {MaxPathBytes}; "
                + "choose a shorter directory with PLUGIN_UNIX_SOCKET_DIR or TMPDIR");
        }

        if (parent.Contains('|', StringComparison.Ordinal) || parent.Contains('\n', StringComparison.Ordinal))
        {
            throw new PluginStartException(
                $"the socket directory '{parent}' contains a character that the handshake line cannot carry; choose another one with PLUGIN_UNIX_SOCKET_DIR or TMPDIR");
        }

        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var socket = new PluginSocket(listener, MakeDirectory(parent), group, logger);
        try
        {
            socket.Share(socket._directory, OwnerOnly | UnixFileMode.UserExecute, UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
            listener.Bind(new UnixDomainSocketEndPoint(socket.Path));
            // Before anybody can connect.
            socket.Share(socket.Path, OwnerOnly, UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
            listener.Listen(Backlog);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new PluginStartException($"cannot listen on the plugin's socket '{socket.Path}': {e.Message}; name another directory with PLUGIN_UNIX_SOCKET_DIR or TMPDIR", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Listener.Dispose();
        try
        {
            Directory.Delete(_directory, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // A host that made the directory above removes all of it itself.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.SocketDirectoryRemains(_logger, e, _directory);
        }
    }

    private void Share(string path, UnixFileMode owner, UnixFileMode group)
    {
        if (_group is { } id && Libc.ChangeOwner(path, uint.MaxValue, id) != 0)
        {
            throw new PluginStartException(
                $"cannot give '{path}' to group {id} as PLUGIN_UNIX_SOCKET_GROUP asks: {Libc.LastError()}; this user must be a member of the group");
        }

        File.SetUnixFileMode(path, _group is null ? owner : owner | group);
    }

    private static unsafe string MakeDirectory(string parent)
    {
        var template = Encoding.UTF8.GetBytes(parent + "/plugin-XXXXXX\0");
        fixed (byte* path = template)
        {
            return Libc.MakeTemporaryDirectory(path) is null
                ? throw new PluginStartException(
                    $"cannot make a directory for the plugin's socket in '{parent}': {Libc.LastError()}; name a writable one with PLUGIN_UNIX_SOCKET_DIR or TMPDIR")
                : Encoding.UTF8.GetString(template.AsSpan(0, template.Length - 1));
        }
    }

    private static uint ResolveGroup(string group)
    {
        if (uint.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            return id;
        }

        // struct group: name, password (two pointers), then the number.
        var entry = Libc.GetGroupByName(group);
        return entry != 0
            ? (uint)Marshal.ReadInt32(entry, 2 * nint.Size)
            : throw new PluginStartException($"PLUGIN_UNIX_SOCKET_GROUP names the group '{group}', which does not exist on this system");
    }
}
