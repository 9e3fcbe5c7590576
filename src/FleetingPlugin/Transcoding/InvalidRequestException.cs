namespace FleetingPlugin.Transcoding;

/// <summary>The bytes of a request are not what the contract says. Answered with InvalidArgument.</summary>
internal sealed class InvalidRequestException(string message, Exception? cause = null) : Exception(message, cause);
