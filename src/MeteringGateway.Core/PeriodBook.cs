using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>What one billing period counts: outcomes by type, activities, and exposure under the caps as they stand, or stood at its end (T6).</summary>
public sealed class PeriodBook(Period period)
{
    public Period Period { get; } = period;
    public PeriodStatus Status { get; internal set; } = PeriodStatus.Open;
    internal List<TypeBook> Types { get; } = [];
    internal Dictionary<ActivityKey, long>? Activities { get; set; }
    /// <summary>In order of their ids.</summary>
    internal List<CapBook> Caps { get; } = [];
    /// <summary>Outcomes whose window is open; the period cannot close before them (T3).</summary>
    internal int Pending { get; set; }
    /// <summary>Credits for closed periods that fall into this one (T3, O5).</summary>
    internal Amount Corrections { get; set; }

    internal TypeBook Type(string id)
    {
        foreach (var type in Types) if (type.Id == id) return type;
        var added = new TypeBook(id);
        var at = Types.FindIndex(type => string.CompareOrdinal(type.Id, id) > 0);
        Types.Insert(at < 0 ? Types.Count : at, added);
        return added;
    }

    internal CapBook? Cap(string id)
    {
        foreach (var cap in Caps) if (cap.Cap.Id == id) return cap;
        return null;
    }

    internal void Put(CapBook book)
    {
        var at = Caps.FindIndex(cap => string.CompareOrdinal(cap.Cap.Id, book.Cap.Id) >= 0);
        if (at < 0) Caps.Add(book);
        else if (Caps[at].Cap.Id == book.Cap.Id) Caps[at] = book;
        else Caps.Insert(at, book);
    }

    internal void AddActivity(in ActivityKey key, long quantity)
    {
        Activities ??= [];
        Activities[key] = Activities.GetValueOrDefault(key) + quantity;
    }

    /// <summary>Counts an outcome in (<paramref name="sign"/> 1) or out (-1), by where it stands.</summary>
    internal void Count(Outcome outcome, int sign)
    {
        if (outcome.IsAlias) return;
        var units = (long)sign * outcome.Quantity;
        var type = Type(outcome.Type);
        type.Add(outcome, units);
        if (outcome.Status == OutcomeStatus.Pending) Pending += sign;
        if (outcome.Exposure == 0) return;
        foreach (var cap in Caps)
            if (cap.Cap.Scope.Matches(outcome.Subject)) cap.Add(outcome.Day, units, 0);
    }

    /// <summary>Adds to (or takes from) what is held under every cap that matches.</summary>
    internal void Reserve(in Subject subject, int day, long units)
    {
        foreach (var cap in Caps)
            if (cap.Cap.Scope.Matches(subject)) cap.Add(day, 0, units);
    }
}

/// <summary>Units of one outcome type in one period.</summary>
internal sealed class TypeBook(string id)
{
    public string Id { get; } = id;
    public long Pending { get; set; }
    public long Settled { get; set; }
    public long Credited { get; set; }
    public SortedDictionary<Reason, long>? NonBillable { get; set; }
    /// <summary>Fixed when the period closed.</summary>
    public RatedType? Rated { get; set; }
    /// <summary>Units credited after that.</summary>
    public long Corrected { get; set; }

    /// <summary>Charges of the rated outcomes, kept until something changes. Not part of the state: it can be worked out.</summary>
    public Rating? Rating { get; set; }

    public long RatedUnits => Pending + Settled;

    public void Add(Outcome outcome, long units)
    {
        Rating = null;
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

/// <summary>A cap, with what stands against it in one period.</summary>
internal sealed class CapBook(Cap cap)
{
    public Cap Cap { get; set; } = cap;
    /// <summary>Takes its place when its period (month or day) is over (C6).</summary>
    public Cap? Next { get; set; }
    public LimitState State { get; set; }
    public Exposure Total { get; set; }
    /// <summary>By local day, for a daily cap; days without exposure are absent.</summary>
    public SortedDictionary<int, Exposure>? Days { get; set; }

    public Exposure On(int day) => Cap.Period == CapPeriod.BillingPeriod ? Total : Days?.GetValueOrDefault(day) ?? default;

    public long Room(int day) => Cap.Limit - On(day).All;

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

/// <summary>Units that count against a cap: settled and pending ones, and reserved ones (C2).</summary>
public readonly record struct Exposure(long Counted, long Reserved)
{
    public long All => Counted + Reserved;
    public Exposure Plus(long counted, long reserved) => new(checked(Counted + counted), checked(Reserved + reserved));
}

/// <param name="Day">Local day in the period, 0-based.</param>
internal readonly record struct ActivityKey(string Activity, Dimensions Dimensions, int Day);
