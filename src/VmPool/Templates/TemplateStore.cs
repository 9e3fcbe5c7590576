using VmPool.Ports;

namespace VmPool.Templates;

/// <summary>Keeps the template of one group.</summary>
public sealed class TemplateStore : ITemplateStore
{
    /// <inheritdoc />
    public TemplateStatus Status => new("off", "", "templates are not part of this version yet");

    /// <inheritdoc />
    public Task<Template?> CurrentAsync(ImageGeneration image, CancellationToken cancellationToken) => Task.FromResult<Template?>(null);
}
