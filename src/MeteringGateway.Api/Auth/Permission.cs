using System.Collections.Frozen;

namespace MeteringGateway.Api.Auth;

/// <summary>What a key may do. Written as in <see cref="Permissions.Names"/>.</summary>
[Flags]
internal enum Permission
{
    None = 0,
    Allowance = 1 << 0,
    EventsWrite = 1 << 1,
    Signals = 1 << 2,
    UsageRead = 1 << 3,
    OutcomesRead = 1 << 4,
    LimitsWrite = 1 << 5,
    AlertsWrite = 1 << 6,
    FundsWrite = 1 << 7,
    VerdictsWrite = 1 << 8,
    DisputesOpen = 1 << 9,
    TermsWrite = 1 << 10,
    GrantsWrite = 1 << 11,
    DisputesResolve = 1 << 12,
    EntriesRead = 1 << 13,
    OpsRead = 1 << 14,
    TenantsWrite = 1 << 15,
    PlansWrite = 1 << 16,
    KeysWrite = 1 << 17,
    WebhooksWrite = 1 << 18,
    All = (1 << 19) - 1,
}

/// <summary>The table of roles, and the names of permissions.</summary>
internal static class Permissions
{
    private static readonly FrozenDictionary<string, Permission> ByName = Enum.GetValues<Permission>()
        .Where(one => System.Numerics.BitOperations.IsPow2((int)one))
        .ToFrozenDictionary(Spell, one => one);

    public static readonly FrozenDictionary<string, Permission> Roles = new Dictionary<string, Permission>
    {
        ["agent"] = Permission.Allowance | Permission.EventsWrite | Permission.Signals,
        ["finance"] = Permission.UsageRead | Permission.OutcomesRead | Permission.LimitsWrite | Permission.AlertsWrite
            | Permission.FundsWrite | Permission.VerdictsWrite | Permission.DisputesOpen | Permission.EntriesRead,
        ["customer"] = Permission.UsageRead | Permission.OutcomesRead | Permission.VerdictsWrite
            | Permission.DisputesOpen,
        ["billing"] = Permission.UsageRead | Permission.OutcomesRead | Permission.TermsWrite | Permission.GrantsWrite
            | Permission.DisputesResolve,
        ["auditor"] = Permission.UsageRead | Permission.OutcomesRead | Permission.EntriesRead,
        ["ops"] = Permission.OpsRead,
        ["admin"] = Permission.All,
    }.ToFrozenDictionary();

    public static bool TryParse(string name, out Permission permission) => ByName.TryGetValue(name, out permission);

    /// <summary>The names of a set, in a fixed order.</summary>
    public static IReadOnlyList<string> Names(Permission set) =>
        [.. ByName.Where(pair => (set & pair.Value) != 0).OrderBy(pair => pair.Value).Select(pair => pair.Key)];

    public static IEnumerable<string> RolesWith(Permission anyOf) =>
        Roles.Where(role => (role.Value & anyOf) != 0).Select(role => role.Key).Order(StringComparer.Ordinal);

    // EventsWrite is "events:write", Allowance is "allowance".
    private static string Spell(Permission one)
    {
        var name = one.ToString();
        var second = Array.FindLastIndex(name.ToCharArray(), char.IsAsciiLetterUpper);
        return (second > 0 ? name.Insert(second, ":") : name).ToLowerInvariant();
    }
}

/// <summary>
/// What an endpoint demands: any one of these permissions. An endpoint without this, and not open, is served to nobody.
/// </summary>
internal sealed record Demands(Permission AnyOf, bool OpenOnLoopback = false);

/// <summary>An endpoint that needs no key.</summary>
/// <param name="AnyQuery">It reads what it knows of the query itself: a page for people.</param>
internal sealed record Open(bool AnyQuery = false);

/// <summary>
/// An endpoint that answers from, or changes, what is configured: it sees all that was stored before, by whichever
/// process.
/// </summary>
internal sealed record SeesBooks;

/// <summary>An endpoint whose path names a person: it is logged without.</summary>
internal sealed record NamesAPerson;

/// <summary>
/// An endpoint whose one answer may have tens of megabytes: a key has few of them under way (N4).
/// </summary>
internal sealed record AnswersMuch
{
    public const int AtOnce = 4;
}

internal static class DemandsExtensions
{
    public static TBuilder Needs<TBuilder>(this TBuilder endpoint, Permission anyOf, bool openOnLoopback = false)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new Demands(anyOf, openOnLoopback));

    public static TBuilder AsConfigured<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new SeesBooks());

    public static TBuilder AnsweringMuch<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new AnswersMuch());

    public static TBuilder OpenToAll<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new Open());

    public static TBuilder ForPeople<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new Open(AnyQuery: true));
}
