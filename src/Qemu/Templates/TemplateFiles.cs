namespace Qemu;

/// <summary>Names of the files in a template's directory.</summary>
internal static class TemplateFiles
{
    /// <summary>The guest's memory, as large as it and sparse. The machine's user owns it while the template runs, root afterwards.</summary>
    internal const string Memory = "memory";

    /// <summary>Processors and devices, written when the template is saved.</summary>
    internal const string State = "state";
}
