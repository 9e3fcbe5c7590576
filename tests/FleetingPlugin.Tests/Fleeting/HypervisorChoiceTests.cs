using FleetingPlugin.Fleeting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using VmPool;
using VmPool.Options;
using VmPool.Ports;

namespace FleetingPlugin.Tests.Fleeting;

/// <summary>With software emulation asked for, the choice is the same on every host that has QEMU.</summary>
public sealed class HypervisorChoiceTests
{
    [Fact]
    public async Task Where_the_best_one_cannot_be_used_auto_takes_the_other_and_says_why_in_one_line()
    {
        var log = new Lines();

        IHypervisor chosen = await new HypervisorChoice(Options("auto"), TimeProvider.System, log).ChooseAsync(CancellationToken.None);

        Assert.Equal("qemu", chosen.Name);
        Assert.Equal(
            "hypervisor = \"auto\" means qemu on this host: cloud-hypervisor has no software emulation, which accel = \"tcg\" asks for",
            Assert.Single(log.Written));
    }

    [Fact]
    public async Task A_configured_one_that_cannot_be_used_is_an_error_and_never_replaced()
    {
        HostRequirementException error = await Assert.ThrowsAsync<HostRequirementException>(
            () => new HypervisorChoice(Options("cloud-hypervisor"), TimeProvider.System, NullLoggerFactory.Instance).ChooseAsync(CancellationToken.None));

        Assert.Equal("cloud-hypervisor has no software emulation, which accel = \"tcg\" asks for", error.Message);
    }

    private static GroupOptions Options(string hypervisor) => new() { Hypervisor = new HypervisorOptions { Name = hypervisor, Accelerator = "tcg" } };

    private sealed class Lines : ILoggerFactory, ILogger
    {
        public List<string> Written { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Add(formatter(state, exception));
    }
}
