using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using VmPool.Instances;
using VmPool.Keys;
using VmPool.Options;

namespace VmPool.Tests.Fakes;

/// <summary>A group over <see cref="FakePool"/> with a state directory of its own.</summary>
internal sealed class TestGroup : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public FakePool Pool { get; init; } = new();

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    public GroupOptions Options { get; init; } = OptionsFor("group");

    /// <summary>The state directory is the test's own to remove.</summary>
    public bool KeepsStateDirectory { get; init; }

    public ListLog Log { get; } = new();

    public InstanceGroup Group { get; private set; } = null!;

    /// <summary>Options with a state directory of their own.</summary>
    public static GroupOptions OptionsFor(string subject) =>
        new() { StateDirectory = Path.Combine(Path.GetTempPath(), $"vmpool-test-{subject}-{Guid.NewGuid().ToString("N")[..8]}") };

    public async Task<TestGroup> OpenAsync()
    {
        GroupOptions options = Options with { DiskDirectory = Options.StateDirectory };
        Group = await InstanceGroup.OpenAsync(options, LoginCredentials.PerInstance, Pool.Ports, Clock, Log, CancellationToken.None);
        return this;
    }

    public string InstanceDirectory(string id) => Path.Combine(Options.StateDirectory, "groups", Options.Name, id);

    public string RecordPath(string id) => Path.Combine(Options.StateDirectory, "groups", Options.Name, "instances", id + ".json");

    /// <summary>Lists until the instance is in the state; fails with what was seen instead.</summary>
    public Task UntilAsync(string id, InstanceState state) => UntilAsync(
        () => Group.List().Any(report => report.Id == id && report.State == state), $"{id} to be {state}");

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition())
        {
            Assert.False(patience.IsCancellationRequested, $"waited {Patience.TotalSeconds} s for {what}");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Group.CloseAsync(CancellationToken.None).WaitAsync(Patience);
        await Group.DisposeAsync();
        if (!KeepsStateDirectory && Directory.Exists(Options.StateDirectory))
        {
            Directory.Delete(Options.StateDirectory, recursive: true);
        }
    }
}

internal sealed class ListLog : ILogger
{
    public ConcurrentQueue<(LogLevel Level, string Text, Exception? Error)> Entries { get; } = new();

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Entries.Enqueue((logLevel, formatter(state, exception), exception));
}
