namespace MeteringGateway.Core;

/// <summary>
/// A setting that is to take the place of another at a time to come (T2, C6, F7): once, unless it is taken back before.
/// </summary>
/// <param name="Id">Its own; no later one has it.</param>
/// <param name="EffectiveAt">The first instant of the next period, or for a daily cap of the next day.</param>
public sealed record Scheduled(string Id, Instant EffectiveAt, Setting Setting);

/// <summary>What can be set for a time to come.</summary>
public abstract record Setting
{
    private Setting() { }

    /// <summary>What it is a setting of: of several for the same, the last one that was set is to come.</summary>
    internal abstract string Of { get; }

    /// <param name="Terms">The plan's, with the tenant's own laid over them.</param>
    public sealed record Plan(PlanRef Ref, Terms Terms) : Setting
    {
        internal override string Of => "plan";

        public bool Equals(Plan? other) => other is not null && Ref == other.Ref && Terms.IsSameAs(other.Terms);

        public override int GetHashCode() => Ref.GetHashCode();
    }

    public sealed record Zone(string Id) : Setting
    {
        internal override string Of => "time_zone";
    }

    public sealed record AnchorDay(int Day) : Setting
    {
        internal override string Of => "anchor_day";
    }

    public sealed record Capped(Cap Cap) : Setting
    {
        internal override string Of => OfCap(Cap.Id);
    }

    internal static string OfCap(string cap) => $"cap:{cap}";
}
