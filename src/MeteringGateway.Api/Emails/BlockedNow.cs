namespace MeteringGateway.Api.Emails;

/// <summary>What agents may not do when a mail is written, whatever happened since the alert that it tells.</summary>
internal static class BlockedNow
{
    /// <param name="need">The most severe of what limits the tenant, its types' funding among it.</param>
    public static IReadOnlyList<string> Of(TenantFigure tenant, Need? need) =>
    [
        .. tenant.State >= LimitState.Paused ? [$"Everything: {Does(tenant.State, null)}."] : (string[])[],
        .. need is { State: >= LimitState.Paused } && need.Key.StartsWith(Funding, StringComparison.Ordinal)
            ? [$"{need.Key[Funding.Length..]}, for want of funding: {Does(need.State, null)}."] : (string[])[],
        .. tenant.Caps.Where(one => one.State >= LimitState.Paused)
            .Select(one => $"Cap {one.Cap.Id}: {Does(one.State, one.Cap.AtLimit.To)}."),
    ];

    private const string Funding = "funding:";

    private static string Does(LimitState state, string? to) => state == LimitState.Handoff
        ? to is null ? "agents hand off" : $"agents hand off to {to}" : "agents are told to pause";
}
