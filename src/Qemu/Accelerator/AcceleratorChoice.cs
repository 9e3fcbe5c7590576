namespace Qemu;

/// <summary>Which accelerator is used, and what the operator should know about it.</summary>
/// <param name="Name">kvm or tcg.</param>
/// <param name="Warning">Why kvm is not used although nobody asked for tcg.</param>
internal sealed record AcceleratorChoice(string Name, string? Warning);
