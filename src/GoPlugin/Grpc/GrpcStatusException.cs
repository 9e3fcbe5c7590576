namespace GoPlugin.Grpc;

/// <summary>Ends a call with a chosen status. Thrown by handlers, and by <see cref="GrpcChannel"/> for a peer's answer.</summary>
public sealed class GrpcStatusException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="code">The status; not <see cref="StatusCode.Ok"/>.</param>
    /// <param name="message">The text the other side gets.</param>
    /// <param name="innerException">The cause, kept for local logs; it does not travel.</param>
    public GrpcStatusException(StatusCode code, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Status = new GrpcStatus(code, message);
    }

    /// <summary>The status this exception stands for.</summary>
    public GrpcStatus Status { get; }
}
