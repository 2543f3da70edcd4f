using MeteringGateway.Api.Caps;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Plans;

namespace MeteringGateway.Api.Tenants;

/// <summary>A change that is to come (T2, C6, F7); <c>DELETE .../scheduled/{id}</c> takes it back.</summary>
internal sealed record ScheduledWire(string Id, string EffectiveAt, SettingWire Change);

/// <summary>What will be set: one member, or the plan with its version.</summary>
[OmitNulls]
internal sealed record SettingWire
{
    public string? Plan { get; init; }
    public int? PlanVersion { get; init; }
    public string? TimeZone { get; init; }
    public int? AnchorDay { get; init; }
    public CapWire? Cap { get; init; }
}

internal static class Schedules
{
    public static IReadOnlyList<ScheduledWire> Wire(this IEnumerable<Scheduled> changes, string currency) =>
        [.. changes.Select(change =>
            new ScheduledWire(change.Id, change.EffectiveAt.ToString(), Wire(change.Setting, currency)))];

    /// <summary>
    /// Of what was to come before a change: what comes no more after it, without having come meanwhile; null if that is
    /// nothing. A change that takes the place of another says so, instead of dropping it unsaid.
    /// </summary>
    public static IReadOnlyList<ScheduledWire>? WithdrawnIn(this IEnumerable<Scheduled> before, TenantFigure after)
    {
        var gone = before.Where(change => change.EffectiveAt > after.Now
            && after.Scheduled.All(one => one.Id != change.Id)).Wire(after.Terms.Currency);
        return gone.Count == 0 ? null : gone;
    }

    private static SettingWire Wire(Setting setting, string currency) => setting switch
    {
        Setting.Plan plan => new() { Plan = plan.Ref.Id, PlanVersion = plan.Ref.Version },
        Setting.Zone zone => new() { TimeZone = zone.Id },
        Setting.AnchorDay anchor => new() { AnchorDay = anchor.Day },
        Setting.Capped capped => new() { Cap = CapReader.Write(capped.Cap, currency) },
        _ => throw new InvalidOperationException($"a {setting.GetType().Name} has no form on the wire"),
    };
}
