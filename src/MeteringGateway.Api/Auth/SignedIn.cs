namespace MeteringGateway.Api.Auth;

/// <summary>
/// Who asks, where no key is sent: set on a request that this process makes of itself, for somebody whose session it
/// has opened. Nothing that comes over the network sets it.
/// </summary>
internal sealed record SignedIn(Principal Caller);
