using System.Security.Cryptography;

namespace VmPool.Networking;

/// <summary>Under which name a group keeps a slot ready that nobody uses yet: <c>GROUP-ready-…</c>, never an instance's id.</summary>
internal static class ReadyOwner
{
    private const int ChanceDigits = 10;

    /// <summary>A new name, used by nobody else.</summary>
    public static string Create(string group) => $"{group}-ready-{RandomNumberGenerator.GetHexString(ChanceDigits, lowercase: true)}";

    /// <summary>Whether the owner of one of the group's claims is no machine.</summary>
    public static bool Is(string owner, string group) => owner.StartsWith($"{group}-ready-", StringComparison.Ordinal);
}
