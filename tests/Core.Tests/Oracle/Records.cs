namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>The order of a group's events: (time, source, id), compared ordinally (O6).</summary>
/// <param name="Phase">At one instant facts come before reports, and after their own (0001, 3).</param>
internal readonly record struct Key(Instant Time, string Source, string Id, int Phase = 1) : IComparable<Key>
{
    public int CompareTo(Key other)
    {
        if (Time != other.Time) return Time.CompareTo(other.Time);
        if (Phase != other.Phase) return Phase.CompareTo(other.Phase);
        var source = string.CompareOrdinal(Source, other.Source);
        return source != 0 ? source : string.CompareOrdinal(Id, other.Id);
    }

    public static bool operator <(Key a, Key b) => a.CompareTo(b) < 0;
    public static bool operator >(Key a, Key b) => a.CompareTo(b) > 0;
    public static bool operator <=(Key a, Key b) => a.CompareTo(b) <= 0;
    public static bool operator >=(Key a, Key b) => a.CompareTo(b) >= 0;
}

/// <summary>A report as it was accepted, with the definition and the period that its own time gives it.</summary>
internal sealed class Report(Command.ReportOutcome command, Instant time, int arrival, Terms terms, Period period,
    string? session)
{
    public Command.ReportOutcome Command => command;
    public string Id => command.OutcomeId;
    public Instant Time => time;
    public Key Key { get; } = new(time, command.Id.Source, command.Id.Id);
    public int Arrival => arrival;
    public Terms Terms => terms;
    public OutcomeType Type { get; } = terms.Type(command.OutcomeType)!;
    public Period Period => period;
    public int Day { get; } = Days.Of(period, time);
    public Subject Subject { get; } = new(command.OutcomeType, false, command.Dimensions);

    /// <summary>The session, as long as it is remembered (I4); afterwards the same name is another session.</summary>
    public string? Session => session;

    // What the journal's order decided, and stays.
    /// <summary>Why it was not admitted, for good (C4, F3).</summary>
    public Reason? Refused { get; set; }
    public bool Training { get; set; }
    public Held? Drawn { get; set; }
    public Place? Place { get; set; }
    /// <summary>What came of its dispute; null: there is none.</summary>
    public DisputeStatus? Dispute { get; set; }

    /// <summary>It counts as an outcome of its own: not a duplicate, not an alias.</summary>
    public bool IsHolding => View is { AliasOf: null, Reason: not Reason.DuplicateInSession };

    /// <summary>Where it stands now.</summary>
    public View View { get; set; } = null!;
}

/// <summary>
/// A settled outcome keeps its place in the session against reports that arrive afterwards, and its window's end (0001,
/// 4, 6 and 27).
/// </summary>
/// <param name="Since">What arrived later than this comes too late to take the place.</param>
/// <param name="Opening">Its own report, or that of its continuation: the one that opened what has settled.</param>
internal sealed record Place(int Since, Report Opening, Instant Closes);

/// <param name="AliasOf">Not null: this report continued that outcome, and is none of its own.</param>
/// <param name="Chain">The outcome's own report, and those that continued it; the last opened the window now or last
/// running.</param>
internal sealed record View(
    OutcomeStatus Status, Reason Reason, Instant? ClosesAt = null, Report? AliasOf = null,
    IReadOnlyList<Report>? Chain = null,
        bool Disputed = false);

internal sealed class Fact(Command.ReportFact command, Instant time, int arrival, Instant arrivedAt)
{
    public Command.ReportFact Command => command;
    public FactKind Kind => command.Kind;
    public Instant Time => time;
    public int Arrival => arrival;
    public Instant ArrivedAt => arrivedAt;
    /// <summary>Where it applies: with its report when it is timed before it (0001, 3).</summary>
    public Key At(Report about) => time > about.Time ? new(time, command.Id.Source, command.Id.Id, 0)
        : new(about.Time, command.Id.Source, command.Id.Id, 2);

    public bool Reverses => Kind is not (FactKind.Confirmed or FactKind.VerdictAccepted);

    public Reason Reason => Kind switch
    {
        FactKind.Reopened => Reason.Reopened,
        FactKind.Escalated => Reason.Escalated,
        FactKind.Abandoned => Reason.Abandoned,
        FactKind.Failed => Reason.Failed,
        _ => Reason.Rejected,
    };
}

/// <param name="Price">Its fee for one, of the terms when it was taken, for its time (0004, 19).</param>
internal sealed record Happened(
    Command.ReportActivity Command, Instant Time, Period Period, int Day, int Arrival, bool Beyond, Amount? Price)
{
    public Amount Fee => Beyond || Price is null ? Amount.Zero : Price.Value * Command.Quantity;
}

/// <summary>A reservation (A4).</summary>
internal sealed class Held(Subject subject, Period period, int day)
{
    public string Id { get; set; } = "";
    public Subject Subject => subject;
    public Period Period => period;
    public int Day => day;
    public long Remaining { get; set; }
    public Instant ExpiresAt { get; set; }
}

internal static class Days
{
    public static int Of(Period period, Instant time)
    {
        var day = 0;
        while (day + 1 < period.Days.Length && time >= period.Start + TimeSpan.FromMinutes(period.Days[day + 1])) day++;
        return day;
    }

    public static Instant EndOf(Period period, int day) =>
        day + 1 < period.Days.Length ? period.Start + TimeSpan.FromMinutes(period.Days[day + 1]) : period.End;
}
