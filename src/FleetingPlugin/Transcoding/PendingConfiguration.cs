using FleetingPlugin.Contract;

namespace FleetingPlugin.Transcoding;

/// <summary>Configuration that came in calls before Init, kept until Init.</summary>
internal sealed class PendingConfiguration
{
    private readonly Lock access = new();
    private readonly InitRequest kept = new();

    /// <summary>Adds what a call brought.</summary>
    public void Add(InitRequest brought)
    {
        lock (access)
        {
            kept.MergeFrom(brought);
        }
    }

    /// <summary>Init's request: what was kept, overwritten by what Init itself brings.</summary>
    public void PutInto(InitRequest request)
    {
        lock (access)
        {
            InitRequest own = request.Clone();
            request.MergeFrom(kept);
            request.MergeFrom(own);
        }
    }
}
