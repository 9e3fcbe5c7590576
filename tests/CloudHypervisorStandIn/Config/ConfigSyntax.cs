using System.Globalization;
using System.Net;

namespace CloudHypervisorStandIn;

/// <summary>What vm.create refuses: spelling alone. Whether the machine can exist is found out when it boots.</summary>
internal static class ConfigSyntax
{
    private static readonly string[] ImageTypes = ["FlatVmdk", "FixedVhd", "Qcow2", "Raw", "Vhdx", "Unknown"];
    private static readonly string[] ConsoleModes = ["Off", "Pty", "Tty", "File", "Socket", "Null"];
    private static readonly string[] LockGranularities = ["ByteRange", "Full"];
    private static readonly string[] CoreSchedulings = ["Vm", "Vcpu", "Off"];
    private static readonly string[] RestoreModes = ["Copy", "OnDemand"];

    /// <exception cref="FormatException">A value is spelled wrong.</exception>
    internal static void Check(VmConfig config)
    {
        RequireVariant(config.Serial.Mode, ConsoleModes);
        RequireVariant(config.Console.Mode, ConsoleModes);
        RequireVariant(config.Cpus.CoreScheduling, CoreSchedulings);
        foreach (DiskConfig disk in config.Disks ?? [])
        {
            RequireVariant(disk.ImageType, ImageTypes);
            RequireVariant(disk.LockGranularity, LockGranularities);
        }
        foreach (NetConfig net in config.Net ?? [])
        {
            RequireMac(net.Mac);
            RequireMac(net.HostMac);
            RequireAddress(net.Ip);
            RequireAddress(net.Mask);
        }
    }

    /// <exception cref="FormatException">The mode is none of this version's.</exception>
    internal static void Check(RestoreConfig config) => RequireVariant(config.MemoryRestoreMode, RestoreModes);

    private static void RequireVariant(string value, string[] variants)
    {
        // In the words of serde_json.
        if (!variants.Contains(value))
        {
            throw new FormatException($"unknown variant `{value}`, expected one of {string.Join(", ", variants.Select(name => $"`{name}`"))}");
        }
    }

    private static void RequireMac(string? value)
    {
        if (value is not null && (value.Split(':') is not { Length: 6 } parts
            || !parts.All(part => part.Length == 2 && byte.TryParse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _))))
        {
            throw new FormatException($"invalid value: string \"{value}\", expected a MAC address");
        }
    }

    private static void RequireAddress(string? value)
    {
        if (value is not null && !IPAddress.TryParse(value, out _))
        {
            throw new FormatException("invalid IP address syntax");
        }
    }
}
