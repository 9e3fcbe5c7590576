namespace VmPool.Provisioning;

/// <summary>
/// Lets a limited number of machines start at the same time. A start is bound by the CPU: more of them at once only make
/// each one later. Who asks first goes first; spares go only when no requested instance waits.
/// </summary>
internal sealed class StartGate
{
    private readonly Lock gate = new();
    private readonly LinkedList<Waiter> requested = [];
    private readonly LinkedList<Waiter> spares = [];
    private int free;

    /// <param name="places">How many may be inside at once.</param>
    public StartGate(int places)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(places);
        free = places;
    }

    /// <summary>Waits for a place, to be held until the machine is ready.</summary>
    /// <param name="turn">Whose turn it is when several wait.</param>
    /// <param name="cancellationToken">Gives the wait up; the others move up.</param>
    /// <returns>Disposing gives the place back.</returns>
    public async Task<IDisposable> EnterAsync(StartTurn turn, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LinkedList<Waiter> queue = turn is StartTurn.Spare ? spares : requested;
        LinkedListNode<Waiter> node;
        lock (gate)
        {
            // A free place means that nobody waits: whoever gives one back has offered it to all of them.
            if (free > 0)
            {
                free--;
                return new Place(this);
            }
            node = queue.AddLast(new Waiter());
        }
        await using (cancellationToken.UnsafeRegister(_ => Leave(queue, node, cancellationToken), null))
        {
            await node.Value.Task;
        }
        var place = new Place(this);
        if (cancellationToken.IsCancellationRequested)
        {
            // The place came first, by a moment; what is no longer wanted must not start all the same.
            place.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
        }
        return place;
    }

    /// <summary>Whether anybody waits for a place now.</summary>
    public bool IsWaitedFor
    {
        get
        {
            lock (gate)
            {
                return requested.Count + spares.Count > 0;
            }
        }
    }

    private void Leave(LinkedList<Waiter> queue, LinkedListNode<Waiter> node, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (node.List is null)
            {
                return;
            }
            queue.Remove(node);
        }
        node.Value.SetCanceled(cancellationToken);
    }

    private void GiveBack()
    {
        LinkedListNode<Waiter>? next;
        lock (gate)
        {
            next = requested.First ?? spares.First;
            if (next is null)
            {
                free++;
                return;
            }
            next.List!.Remove(next);
        }
        next.Value.SetResult();
    }

    // Continuations must not run inside the call of whoever gives its place back.
    private sealed class Waiter() : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Place(StartGate gate) : IDisposable
    {
        private int given;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref given, 1) == 0)
            {
                gate.GiveBack();
            }
        }
    }
}

/// <summary>For whom a machine starts.</summary>
internal enum StartTurn
{
    /// <summary>An instance that the runner asked for.</summary>
    Requested,

    /// <summary>A spare, which can wait.</summary>
    Spare,
}
