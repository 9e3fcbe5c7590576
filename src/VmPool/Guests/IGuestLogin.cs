using System.Net;

namespace VmPool.Guests;

/// <summary>Runs commands inside a guest by a full login, as a job does.</summary>
public interface IGuestLogin
{
    /// <summary>Logs in, runs the command, and logs out.</summary>
    /// <param name="access">Which guest, and with what.</param>
    /// <param name="command">For the login user's shell.</param>
    /// <param name="input">What the command reads.</param>
    /// <param name="timeout">For all of it.</param>
    /// <param name="cancellationToken">Ends the login.</param>
    /// <returns>What the command wrote.</returns>
    /// <exception cref="LinuxHost.HostCommandException">No login, another host key than expected, or the command failed; carries its words.</exception>
    Task<string> RunAsync(GuestAccess access, string command, string input, TimeSpan timeout, CancellationToken cancellationToken);
}

/// <summary>How to log in to one guest.</summary>
/// <param name="Address">Where it is reached.</param>
/// <param name="User">Login user.</param>
/// <param name="PrivateKeyPem">Its key.</param>
/// <param name="HostKey">The only host key the guest may show, one OpenSSH line.</param>
/// <param name="ScratchDirectory">Private directory for the client's files; removed afterwards.</param>
public sealed record GuestAccess(IPAddress Address, string User, string PrivateKeyPem, string HostKey, string ScratchDirectory);
