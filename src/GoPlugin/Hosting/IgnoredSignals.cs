using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace GoPlugin.Hosting;

/// <summary>
/// Signals that reach the plugin together with its host (Ctrl-C in a terminal, a service manager stopping the whole
/// group) must not end it: the host still needs it for its own orderly end, and then says so or dies.
/// </summary>
internal sealed class IgnoredSignals : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];

    public IgnoredSignals(ILogger logger)
    {
        foreach (var signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGQUIT, PosixSignal.SIGHUP])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                Log.SignalIgnored(logger, context.Signal);
            }));
        }
    }

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());
}
