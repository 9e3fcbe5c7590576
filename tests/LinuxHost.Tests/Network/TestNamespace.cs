using System.Globalization;

namespace LinuxHost.Tests.Network;

/// <summary>A namespace of one test, gone with it. Needs root; says so when creation fails.</summary>
internal sealed class TestNamespace : IAsyncDisposable
{
    private static int s_count;

    private TestNamespace(string name) => Name = name;

    internal string Name { get; }

    internal static string FreshName() =>
        string.Create(CultureInfo.InvariantCulture, $"lhtest-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}");

    internal static async Task<TestNamespace> CreateAsync()
    {
        IReadOnlyList<string> missing = Capabilities.Missing(Capability.SysAdmin, Capability.NetAdmin);
        Assert.True(missing.Count == 0, $"this test makes network namespaces and needs root; missing: {string.Join(", ", missing)}");
        string name = FreshName();
        await NetworkNamespace.CreateAsync(name);
        return new TestNamespace(name);
    }

    public async ValueTask DisposeAsync() => await NetworkNamespace.DeleteAsync(Name);
}
