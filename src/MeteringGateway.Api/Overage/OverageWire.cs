using MeteringGateway.Api.Json;
using MeteringGateway.Api.Plans;

namespace MeteringGateway.Api.Overage;

/// <summary>The tenant's rule of overage, and what a finance admin has authorised (F2).</summary>
/// <param name="Mode">Null: <c>bill</c> where the type has a price, else <c>block</c>.</param>
/// <param name="Price">Null: the type's own.</param>
/// <param name="Authorization">Null: none is in force.</param>
internal sealed record OverageWire(
    string? Mode, string? Price, LimitWire? Limit, bool RequiresAuthorization, AtLimitWire AtLimit,
    AuthorizationWire? Authorization);

/// <param name="For"><c>period</c> or <c>standing</c>.</param>
/// <param name="Period">The period that it is for; null when it stands until it is taken back.</param>
/// <param name="Limit">Beside the rule's own.</param>
internal sealed record AuthorizationWire(string For, string? Period, LimitWire? Limit);

/// <summary>Lets units go on demand.</summary>
internal sealed record AuthorizeWire
{
    /// <summary><c>period</c>, the open one, or <c>standing</c>.</summary>
    [Demanded]
    public string? For { get; init; }
    public LimitWire? Limit { get; init; }
}
