namespace VmPool.Keys;

/// <summary>How the runner logs in, as far as it is the same for every instance.</summary>
/// <param name="AreStatic">The operator's key or password is used as given and none is ever made.</param>
/// <param name="StaticPublicKey">Public half of the operator's key, one OpenSSH line; absent without one.</param>
/// <param name="Password">The operator's password; absent without one.</param>
public sealed record LoginCredentials(bool AreStatic, string? StaticPublicKey, string? Password)
{
    /// <summary>A key pair of its own for every instance.</summary>
    public static LoginCredentials PerInstance { get; } = new(AreStatic: false, StaticPublicKey: null, Password: null);
}
