using System.Globalization;
using VmPool.Images;
using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Templates;

/// <summary>Hash of everything a template depends on; where any of it differs, the template is another one.</summary>
internal static class TemplateKey
{
    /// <summary>Raised whenever the way a template is made changes.</summary>
    private const string Version = "2";

    /// <returns>32 lower-case hex digits.</returns>
    public static string Of(GroupOptions options, ImageGeneration image, string hypervisor, string diskFormat, int mtu)
    {
        return InputsHash.Of(
        [
            "template " + Version,
            "image " + image.Hash,
            "hypervisor " + hypervisor,
            "disk " + diskFormat,
            Invariant($"cpus {options.Machine.Cpus}"),
            Invariant($"memory {options.Machine.MemoryMb}"),
            $"virtio console {options.Machine.VirtioConsole}",
            $"nested {options.Machine.Nested}",
            Invariant($"mtu {mtu}"),
            "ready " + options.Image.TemplateReadyCommand,
            .. options.Image.RestartUnits.Select(unit => "restart " + unit),
        ]);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
