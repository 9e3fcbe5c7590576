using System.Net;
using VmmProcess;

namespace CloudHypervisor;

/// <summary>Cloud Hypervisor refused a call; the connection goes on.</summary>
/// <param name="call">For example vm.boot.</param>
/// <param name="status">HTTP status. Which one it is differs between versions (500 for what 400 would say), so nothing is decided by it.</param>
/// <param name="reason">Its own words, outermost cause first.</param>
internal sealed class ApiException(string call, HttpStatusCode status, string reason)
    : RefusedException($"{call} was answered with {(int)status}: {reason}");
