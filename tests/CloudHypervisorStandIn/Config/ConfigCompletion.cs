using System.Globalization;
using System.Security.Cryptography;

namespace CloudHypervisorStandIn;

/// <summary>
/// Makes a client's configuration the one that is stored: names of devices, counted over all kinds together, and MAC
/// addresses are filled in, and what the real one does not know is forgotten.
/// </summary>
internal static class ConfigCompletion
{
    internal static void Complete(VmConfig config)
    {
        config.Others = config.Others?.Where(other => ConfigRules.NotOffered.Contains(other.Key)).ToDictionary();
        var taken = new HashSet<string?>([.. (config.Disks ?? []).Select(disk => disk.Id), .. (config.Net ?? []).Select(net => net.Id)]);
        int count = 0;
        string Next(string prefix)
        {
            string name;
            do
            {
                name = string.Create(CultureInfo.InvariantCulture, $"{prefix}{count++}");
            }
            while (!taken.Add(name));
            return name;
        }
        foreach (DiskConfig disk in config.Disks ?? [])
        {
            disk.Id ??= Next("_disk");
        }
        foreach (NetConfig net in config.Net ?? [])
        {
            net.Id ??= Next("_net");
            net.Mac ??= RandomMac();
        }
    }

    /// <summary>A local one.</summary>
    private static string RandomMac()
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(6);
        bytes[0] = (byte)((bytes[0] & 0xfc) | 2);
        return string.Join(':', bytes.Select(part => part.ToString("x2", CultureInfo.InvariantCulture)));
    }
}
