using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace MeteringGateway.Core;

/// <summary>
/// What one billing period counts: outcomes by type, activities, and exposure under the caps as they stand, or stood at
/// its end (T6).
/// </summary>
public sealed class PeriodBook(Period period)
{
    /// <summary>What few periods have: the others need no room for it.</summary>
    private Rare? _rare;

    private Rare Rarely => _rare ??= new Rare();

    private sealed class Rare
    {
        public string? ZoneUntilChanged { get; set; }
        public List<Cap>? Coming { get; set; }
        public SortedDictionary<(DateOnly Period, string Type), CorrectionSum>? Corrections { get; set; }
        public Authorization? Authorized { get; set; }
        public SortedDictionary<string, AgreementCount>? Agreement { get; set; }
        public SortedDictionary<(DateOnly Period, string Type), NamedOutcomes>? Named { get; set; }
    }

    public Period Period { get; } = period;
    public PeriodStatus Status { get; internal set; } = PeriodStatus.Open;
    /// <summary>
    /// The time zone that it runs under, and those before it since the last change, where another was set in it; null
    /// where none was.
    /// </summary>
    internal string? ZoneUntilChanged
    {
        get => _rare?.ZoneUntilChanged;
        set { if (value is not null || _rare is not null) Rarely.ZoneUntilChanged = value; }
    }
    internal List<TypeBook> Types { get; } = [];
    /// <summary>Quantities.</summary>
    internal ActivityCounts? Activities { get; set; }
    /// <summary>In order of their ids.</summary>
    internal List<CapBook> Caps { get; } = new(1);
    /// <summary>
    /// New caps below what stands already, that begin when the period, or for a daily one the day, is over (C6).
    /// </summary>
    internal List<Cap>? Coming
    {
        get => _rare?.Coming;
        set { if (value is not null || _rare is not null) Rarely.Coming = value; }
    }
    /// <summary>Outcomes whose window is open; the period cannot close before them (T3).</summary>
    internal int Pending { get; set; }
    /// <summary>Credits for closed periods that fall into this one (T3, O5), in order of period and type.</summary>
    internal SortedDictionary<(DateOnly Period, string Type), CorrectionSum>? Corrections
    {
        get => _rare?.Corrections;
        set { if (value is not null || _rare is not null) Rarely.Corrections = value; }
    }
    /// <summary>What the buyer made of its successes, by type (O8).</summary>
    internal SortedDictionary<string, AgreementCount>? Agreement
    {
        get => _rare?.Agreement;
        set { if (value is not null || _rare is not null) Rarely.Agreement = value; }
    }
    /// <summary>Of its corrections, the disputes that they come from (D3), as <see cref="Corrections"/>.</summary>
    internal SortedDictionary<(DateOnly Period, string Type), NamedOutcomes>? Named
    {
        get => _rare?.Named;
        set { if (value is not null || _rare is not null) Rarely.Named = value; }
    }
    /// <summary>Millionths of credits that there were when it began, and that were issued in it (S4).</summary>
    internal long CreditsInForce { get; set; }
    internal bool CreditsExhausted { get; set; }
    /// <summary>Rules under which something went on demand (see <see cref="Entry.OverageStarted"/>).</summary>
    internal SortedSet<string>? OverageStarted { get; set; }
    /// <summary>What was authorised when it ended (F2, T6).</summary>
    internal Authorization? Authorized
    {
        get => _rare?.Authorized;
        set { if (value is not null || _rare is not null) Rarely.Authorized = value; }
    }
    /// <summary>Governed types whose funding is not active, as last signalled (S1).</summary>
    internal SortedDictionary<string, LimitState>? Funding { get; set; }
    /// <summary>What the terms last asked about mean for it; not part of the state.</summary>
    internal Traits? Traits { get; set; }
    /// <summary>As journalled when it closed (F4).</summary>
    internal FinalRating? Final { get; set; }

    /// <summary>
    /// Kept up to date while the period is not closed; null until asked for. Not part of the state: it can be worked
    /// out.
    /// </summary>
    internal PeriodRating? Rating { get; set; }

    /// <summary>The same of what a forecast asks for (Q2).</summary>
    internal Demand? Demand { get; set; }

    internal bool HasMoneyCaps
    {
        get
        {
            foreach (var cap in Caps) if (cap.Cap.Limit.IsMoney) return true;
            return false;
        }
    }

    internal LimitState FundingOf(string type) => Funding?.GetValueOrDefault(type) ?? LimitState.Active;

    internal TypeBook Type(string id)
    {
        foreach (var type in Types) if (type.Id == id) return type;
        return AddType(id);
    }

    private TypeBook AddType(string id)
    {
        var added = new TypeBook(id);
        var at = Types.FindIndex(type => string.CompareOrdinal(type.Id, id) > 0);
        Types.Insert(at < 0 ? Types.Count : at, added);
        return added;
    }

    /// <summary>Units of a type that are pending or settled.</summary>
    internal long Counted(string type)
    {
        foreach (var counted in Types) if (counted.Id == type) return counted.Pending + counted.Settled;
        return 0;
    }

    internal CapBook? Cap(string id)
    {
        var at = PlaceOf(id);
        return at < Caps.Count && Caps[at].Cap.Id == id ? Caps[at] : null;
    }

    internal void Put(CapBook book)
    {
        if (book.Cap.Limit.IsMoney || Cap(book.Cap.Id)?.Cap.Limit.IsMoney == true) Rating = null;
        var at = PlaceOf(book.Cap.Id);
        if (at < Caps.Count && Caps[at].Cap.Id == book.Cap.Id) Caps[at] = book;
        else Caps.Insert(at, book);
    }

    private int PlaceOf(string cap) =>
        InOrder.CountBefore(Caps, cap, static (book, id) => string.CompareOrdinal(book.Cap.Id, id));

    /// <returns>The first of its kind.</returns>
    internal bool AddActivity(in ActivityKey key, long quantity) => (Activities ??= []).Plus(key, quantity);

    /// <summary>Counts an outcome in (<paramref name="sign"/> 1) or out (-1), by where it stands; or in, so many
    /// like it.</summary>
    internal void Count(Outcome outcome, int sign)
    {
        if (outcome.IsAlias) return;
        var units = (long)sign * outcome.Quantity;
        var type = Type(outcome.Type);
        type.Add(outcome, units);
        Demand?.Count(outcome, sign);
        if (outcome.Status == OutcomeStatus.Pending) Pending += sign;
        if (!outcome.IsRated) return;
        foreach (var cap in Caps)
            if (!cap.Cap.Limit.IsMoney && cap.Cap.Scope.Matches(outcome.Subject)) cap.Add(outcome.Day, units, 0);
    }

    /// <summary>Puts an outcome into the rating, takes it out, or leaves it where it is (F4).</summary>
    internal void Rate(Outcome? before, Outcome after)
    {
        if (Rating is not { } rating) return;
        if (before?.IsRated != true && after.IsRated) rating.Add(after);
        else if (before?.IsRated == true && !after.IsRated) rating.Remove(before);
    }

    /// <summary>Adds to (or takes from) what is held under every cap in units that matches.</summary>
    internal void Reserve(in Subject subject, int day, long units)
    {
        foreach (var cap in Caps)
            if (!cap.Cap.Limit.IsMoney && cap.Cap.Scope.Matches(subject)) cap.Add(day, 0, units);
    }
}

/// <summary>Credits for outcomes of one type in one closed period.</summary>
/// <param name="Amount">Not above 0.</param>
internal readonly record struct CorrectionSum(long Quantity, Amount Amount);

/// <summary>Outcomes that a correction takes back: the first few by name, and how many in all.</summary>
/// <param name="First">With why: the id of the dispute that was credited (<c>d7</c>), or the reversal
/// (<c>reopened</c>).</param>
/// <param name="Credits">That they had taken, and are given back.</param>
internal sealed record NamedOutcomes(ImmutableArray<(string OutcomeId, string Why)> First, int Count,
    Amount Credits)
{
    public const int Most = 10;
}

/// <param name="Total">Successes that the buyer gave a verdict on.</param>
/// <param name="Agreed">Of these, those that it accepted, by its last verdict on each.</param>
/// <param name="IsLow">It was told that they are few, and they have not been enough since.</param>
/// <param name="LowAt">When that was told last.</param>
internal sealed record AgreementCount(long Agreed, long Total, bool IsLow, Instant? LowAt);

/// <summary>Units of one outcome type in one period.</summary>
internal sealed class TypeBook(string id)
{
    public string Id { get; } = id;
    public long Pending { get; set; }
    public long Settled { get; set; }
    public long Credited { get; set; }
    public SortedDictionary<Reason, long>? NonBillable { get; set; }

    public void Add(Outcome outcome, long units)
    {
        switch (outcome.Status)
        {
            case OutcomeStatus.Pending: Pending += units; break;
            case OutcomeStatus.Billable: Settled += units; break;
            case OutcomeStatus.Credited: Credited += units; break;
            default:
                NonBillable ??= [];
                var left = NonBillable.GetValueOrDefault(outcome.Reason) + units;
                if (left == 0) NonBillable.Remove(outcome.Reason);
                else NonBillable[outcome.Reason] = left;
                break;
        }
    }
}

/// <summary>
/// A cap, with what stands against it in one period; against one on money activity fees only: the rest is in the
/// rating.
/// </summary>
/// <param name="before">The one whose place it takes: it is told of under the same key.</param>
internal sealed class CapBook(Cap cap, CapBook? before = null)
{
    /// <summary>Only another limit, or what happens at it, may take its place: else it is another book.</summary>
    public Cap Cap { get; set; } = cap;
    /// <summary>Takes its place when its period (month or day) is over (C6).</summary>
    public Cap? Next { get; set; }
    public LimitState State { get; set; } = before?.State ?? LimitState.Active;
    /// <summary>The last signal, of a cap that stops or warns (S6).</summary>
    public Signal? Told { get; set; } = before?.Told;
    public Exposure Total { get; set; }
    /// <summary>By local day, for a daily cap; days without exposure are absent.</summary>
    public SortedDictionary<int, Exposure>? Days { get; set; }

    /// <summary>
    /// The lowest level at which a threshold warns, as last looked at, of which cap and set of thresholds. Not part of
    /// the state.
    /// </summary>
    public WarnLevel? WarnsFrom { get; set; }

    public Exposure On(int day) =>
        Cap.Period == CapPeriod.BillingPeriod ? Total : Days?.GetValueOrDefault(day) ?? default;

    /// <summary>Everything in its scope; as it was told, if it was.</summary>
    public ImmutableArray<Stop> Whole =>
        Told?.Stops is [var one] && one.Is(Cap.Scope) ? Told.Stops.Value : [Stop.Of(Cap.Scope)];

    public long Room(int day) => Cap.Limit.Value - On(day).All;

    public void Add(int day, long counted, long reserved)
    {
        if (Cap.Period == CapPeriod.BillingPeriod)
        {
            Total = Total.Plus(counted, reserved);
            return;
        }
        Days ??= [];
        var sum = Days.GetValueOrDefault(day).Plus(counted, reserved);
        if (sum == default) Days.Remove(day);
        else Days[day] = sum;
    }
}

internal sealed record WarnLevel(Cap Cap, int Thresholds, long Level);

/// <summary>Units, or millionths, that count against a cap: settled and pending ones, and reserved ones (C2).</summary>
public readonly record struct Exposure(long Counted, long Reserved)
{
    public long All => Counted + Reserved;
    public Exposure Plus(long counted, long reserved) => new(checked(Counted + counted), checked(Reserved + reserved));
}

/// <summary>Quantities of activities, and the names among them.</summary>
internal sealed class ActivityCounts : Dictionary<ActivityKey, long>
{
    public HashSet<string> Names { get; } = new(StringComparer.Ordinal);

    /// <returns>The first of its kind.</returns>
    public bool Plus(in ActivityKey key, long quantity)
    {
        Names.Add(key.Activity);
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(this, key, out var known);
        sum += quantity;
        return !known;
    }
}

/// <param name="Day">Local day in the period, 0-based.</param>
/// <param name="Fee">Of a unit; 0 where it has none, or was beyond a cap.</param>
/// <param name="Beyond">It found no room under a cap, and stands against none, whenever that is set (C9).</param>
internal readonly record struct ActivityKey(string Activity, Dimensions Dimensions, int Day, Amount Fee, bool Beyond);
