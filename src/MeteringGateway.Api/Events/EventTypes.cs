using System.Collections.Frozen;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Events;

/// <summary>The types of event on the wire.</summary>
internal static class EventTypes
{
    private static readonly FrozenDictionary<string, EventType> ByName = new Dictionary<string, EventType>
    {
        ["outcome.reported"] = EventType.OutcomeReported,
        ["outcome.confirmed"] = EventType.OutcomeConfirmed,
        ["outcome.reopened"] = EventType.OutcomeReopened,
        ["outcome.escalated"] = EventType.OutcomeEscalated,
        ["outcome.abandoned"] = EventType.OutcomeAbandoned,
        ["outcome.failed"] = EventType.OutcomeFailed,
        ["outcome.rejected"] = EventType.OutcomeRejected,
        ["outcome.verdict"] = EventType.OutcomeVerdict,
        ["activity.reported"] = EventType.ActivityReported,
    }.ToFrozenDictionary();

    public static IEnumerable<string> All => ByName.OrderBy(pair => pair.Value).Select(pair => pair.Key);

    public static EventType Parse(string? type) =>
        type is null ? EventType.Unknown : ByName.GetValueOrDefault(type);

    /// <summary>A member of some type's data, which has nothing to do in the envelope.</summary>
    public static bool IsOfData(string name) => DataNames.Contains(name);

    private static readonly FrozenSet<string> DataNames = Enum.GetValues<Members>()
        .Where(one => System.Numerics.BitOperations.IsPow2((int)one) && one is not (Members.Id or Members.Time))
        .Select(Name).ToFrozenSet();

    /// <summary>
    /// The member of data that an extension of this name may stand for: names in the envelope have no underscores.
    /// </summary>
    public static Members Meant(string extension) =>
        ByExtension.GetValueOrDefault(extension.ToLowerInvariant());

    /// <summary>What it is called in the envelope.</summary>
    public static string Extension(string name) => name.Replace("_", "", StringComparison.Ordinal);

    private static readonly FrozenDictionary<string, Members> ByExtension = Enum.GetValues<Members>()
        .Where(one => DataNames.Contains(Name(one))).ToFrozenDictionary(one => Extension(Name(one)));

    public static string Name(Members member) =>
        System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(member.ToString());

    public static Members Allowed(EventType type) => type switch
    {
        EventType.OutcomeReported => Members.Outcome,
        EventType.OutcomeVerdict => Members.Judgement,
        EventType.ActivityReported => Members.Deed,
        _ => Members.Fact,
    };

    /// <summary>What an event of this type says of its outcome.</summary>
    /// <param name="accepted">With a verdict: which.</param>
    public static FactKind Fact(EventType type, bool? accepted) => type switch
    {
        EventType.OutcomeConfirmed => FactKind.Confirmed,
        EventType.OutcomeReopened => FactKind.Reopened,
        EventType.OutcomeEscalated => FactKind.Escalated,
        EventType.OutcomeAbandoned => FactKind.Abandoned,
        EventType.OutcomeFailed => FactKind.Failed,
        EventType.OutcomeRejected => FactKind.Rejected,
        _ => accepted == true ? FactKind.VerdictAccepted : FactKind.VerdictRejected,
    };
}

/// <summary>The member is one of <see cref="EventTypes.All"/>.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class EventTypeNamesAttribute() : ValuesAttribute([.. EventTypes.All]);
