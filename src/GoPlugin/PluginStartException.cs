namespace GoPlugin;

/// <summary>The plugin cannot serve: its environment, its socket or its certificate is unusable.</summary>
/// <param name="message">What was tried, with which value, why it failed and what to do.</param>
/// <param name="innerException">The cause, if any.</param>
public sealed class PluginStartException(string message, Exception? innerException = null) : Exception(message, innerException);
