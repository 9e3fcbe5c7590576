namespace FleetingPlugin.Fleeting;

/// <summary>What a process holds for its group (locks, registry entries, background work), given back in reverse order.</summary>
internal sealed class GroupHold : IDisposable
{
    private readonly Stack<IDisposable> held = new();

    public void Add(IDisposable thing) => held.Push(thing);

    public void Dispose()
    {
        while (held.TryPop(out IDisposable? thing))
        {
            thing.Dispose();
        }
    }
}
