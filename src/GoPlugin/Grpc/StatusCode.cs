namespace GoPlugin.Grpc;

/// <summary>The status codes of gRPC, with their numbers on the wire.</summary>
public enum StatusCode
{
    /// <summary>The call succeeded.</summary>
    Ok = 0,

    /// <summary>The caller gave the call up.</summary>
    Cancelled = 1,

    /// <summary>An error that fits no other code.</summary>
    Unknown = 2,

    /// <summary>The request is wrong, whatever the state of the system.</summary>
    InvalidArgument = 3,

    /// <summary>The call's deadline passed before it was answered.</summary>
    DeadlineExceeded = 4,

    /// <summary>The named thing does not exist.</summary>
    NotFound = 5,

    /// <summary>The thing to be created exists.</summary>
    AlreadyExists = 6,

    /// <summary>The caller may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A quota, a limit or space is used up.</summary>
    ResourceExhausted = 8,

    /// <summary>The system is not in the state this call needs.</summary>
    FailedPrecondition = 9,

    /// <summary>The operation was interrupted by a concurrent one.</summary>
    Aborted = 10,

    /// <summary>A value lies outside its valid range.</summary>
    OutOfRange = 11,

    /// <summary>The method does not exist here.</summary>
    Unimplemented = 12,

    /// <summary>The peer broke the protocol, or an invariant of this side does not hold.</summary>
    Internal = 13,

    /// <summary>The service is not reachable now; trying again may help.</summary>
    Unavailable = 14,

    /// <summary>Data was lost or damaged.</summary>
    DataLoss = 15,

    /// <summary>The caller has not said who it is.</summary>
    Unauthenticated = 16,
}
