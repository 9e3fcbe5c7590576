using VmmProcess;

namespace Qemu;

/// <summary>QEMU refused a command; the connection goes on.</summary>
/// <param name="command">The command.</param>
/// <param name="errorClass">QMP's error class, mostly GenericError.</param>
/// <param name="description">QEMU's own words.</param>
internal sealed class QmpException(string command, string errorClass, string description)
    : RefusedException($"QMP command `{command}` failed: {errorClass}: {description}");
