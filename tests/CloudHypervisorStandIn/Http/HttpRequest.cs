namespace CloudHypervisorStandIn;

/// <summary>One request of a client.</summary>
/// <param name="Method">GET, PUT or PATCH; the parser knows no others.</param>
/// <param name="Path">As sent.</param>
/// <param name="Body">Absent when its length is zero.</param>
internal sealed record HttpRequest(string Method, string Path, byte[]? Body);
