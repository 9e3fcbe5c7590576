using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Templates;

/// <summary>Hash of everything a template depends on; where any of it differs, the template is another one.</summary>
internal static class TemplateKey
{
    /// <summary>Raised whenever the way a template is made changes.</summary>
    private const string Version = "1";

    private const int Length = 32;

    /// <returns>32 lower-case hex digits.</returns>
    public static string Of(GroupOptions options, ImageGeneration image, string hypervisor, int mtu)
    {
        string[] lines =
        [
            "template " + Version,
            "image " + image.Hash,
            "hypervisor " + hypervisor,
            Invariant($"cpus {options.Machine.Cpus}"),
            Invariant($"memory {options.Machine.MemoryMb}"),
            $"virtio console {options.Machine.VirtioConsole}",
            Invariant($"mtu {mtu}"),
            "ready " + options.Image.TemplateReadyCommand,
            .. options.Image.RestartUnits.Select(unit => "restart " + unit),
        ];
        // Each line is preceded by its length: no two lists of lines read the same.
        string text = string.Concat(lines.Select(line => Invariant($"{line.Length}:{line}\n")));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..Length];
    }

    public static bool IsKey(string name) => name.Length == Length && name.All(char.IsAsciiHexDigitLower);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
