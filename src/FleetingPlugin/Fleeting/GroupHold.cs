namespace FleetingPlugin.Fleeting;

/// <summary>What a process holds for its group (lock, registry entry, background work), given back in reverse order.</summary>
internal sealed class GroupHold : IAsyncDisposable
{
    private readonly Stack<Func<ValueTask>> held = new();

    public void Add(IAsyncDisposable thing) => held.Push(thing.DisposeAsync);

    public void Add(IDisposable thing) => held.Push(() =>
    {
        thing.Dispose();
        return ValueTask.CompletedTask;
    });

    public async ValueTask DisposeAsync()
    {
        while (held.TryPop(out Func<ValueTask>? giveBack))
        {
            await giveBack();
        }
    }
}
