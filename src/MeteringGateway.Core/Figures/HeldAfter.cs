namespace MeteringGateway.Core;

/// <summary>
/// What further units leave to what is held, which comes after all outcomes (C7; 0004, 15): an outcome is admitted only
/// if no cap on money grows to above its limit and nothing more goes on demand than may, by what comes after it either
/// (0004, 16). Immutable, so that any thread may ask; a kind of question is worked out when it is first asked.
/// </summary>
/// <param name="parts">By period, from the first in which something is held to the open one.</param>
/// <param name="dearest">Millionths: no unit of anything costs more, in money or in credits.</param>
internal sealed class HeldAfter(HeldPart[] parts, long dearest)
{
    /// <summary>
    /// Tried one after the other; beyond, the last that fits is found by halving, as though what does not fit made all
    /// more not fit. It does, but where grants are spent that some of what is held is too dear for.
    /// </summary>
    private const int OneByOne = 8;
    private const long MostUnits = 1_000_000;

    private readonly HeldPart _open = parts[^1];
    private volatile Known? _known;

    /// <summary>What was asked already, of so many units; two that ask at once may both work it out.</summary>
    private sealed record Known(TypeRates Rates, int Class, UInt128 Caps, long Of, HeldRoom Room, Known? Next);

    /// <summary>How many units fit, and what stands against more.</summary>
    /// <param name="most">More than these are not asked about.</param>
    public HeldRoom Before(TypeRates rates, int priceClass, in Subject subject, Instant now, long most)
    {
        most = Math.Min(most, Math.Min(MostUnits, TenantState.Most / 2 / Math.Max(1, dearest)));
        if (!TakesFrom(rates, priceClass, subject)) return HeldRoom.Enough;
        var run = RunOf(rates, priceClass, subject);
        for (var known = _known; known is not null; known = known.Next)
            if (ReferenceEquals(known.Rates, rates) && known.Class == priceClass && known.Caps == run.Caps
                && (known.Room.Units < known.Of || most <= known.Of))
                return known.Room.Units < most ? known.Room : HeldRoom.Enough;
        var room = Find(run, now, most);
        _known = new Known(rates, priceClass, run.Caps, most, room, _known);
        return room;
    }

    /// <summary>
    /// False: they take nothing that is used up, or all that is held is of their kind and comes to the same after them.
    /// </summary>
    public bool TakesFrom(TypeRates rates, int priceClass, in Subject subject) => !rates.IsFlat
        && !(parts.Length == 1 && _open.Runs is [var only] && only.IsLike(RunOf(rates, priceClass, subject)));

    private HeldRun RunOf(TypeRates rates, int priceClass, in Subject subject) =>
        new(rates, priceClass, HeldPart.Matching(_open.Caps, cap => cap, subject), _open.Today, 0);

    private HeldRoom Find(HeldRun run, Instant now, long most)
    {
        var without = Walk(run, 0, now);
        var fits = 0L;
        for (; fits < Math.Min(OneByOne, most); fits++)
            if (Misfit(without, Walk(run, fits + 1, now)) is { } misfit) return misfit with { Units = fits };
        if (fits >= most || Misfit(without, Walk(run, most, now)) is not { } too) return HeldRoom.Enough;
        while (most - fits > 1)
        {
            var half = fits + (most - fits) / 2;
            if (Misfit(without, Walk(run, half, now)) is { } misfit) (most, too) = (half, misfit);
            else fits = half;
        }
        return too with { Units = fits };
    }

    /// <summary>Counters of each period, with so many units before what is held.</summary>
    private Tally[] Walk(HeldRun run, long units, Instant now)
    {
        var tallies = Array.ConvertAll(parts, part => part.Standing.Copy());
        var open = parts.Length - 1;
        _open.Take(tallies[open], run with { Units = units }, now);
        for (var i = 0; i < open; i++) parts[i].Draw(tallies[i], open, _open.Standing, tallies[open]);
        for (var i = 0; i <= open; i++)
        {
            var before = tallies[i].Copy();
            foreach (var held in parts[i].Runs) parts[i].Take(tallies[i], held, now);
            for (var later = i + 1; later <= open; later++) parts[later].Draw(tallies[later], i, before, tallies[i]);
        }
        return tallies;
    }

    /// <summary>Caps before funding (0004, 16); among caps as in A1, of several periods the first.</summary>
    private HeldRoom? Misfit(Tally[] without, Tally[] with)
    {
        HeldRoom? first = null;
        for (var i = 0; i < parts.Length; i++)
            if (parts[i].Exceeded(without[i], with[i]) is { } room
                && (first is null || CapOrder(room.Cap!.Value.Cap, first.Cap!.Value.Cap) < 0)) first = room;
        for (var i = 0; i < parts.Length && first is null; i++) first = parts[i].Refused(without[i], with[i]);
        return first;
    }

    internal static int CapOrder(Cap a, Cap b) => a.AtLimit.Action != b.AtLimit.Action
        ? a.AtLimit.Action.CompareTo(b.AtLimit.Action) : string.CompareOrdinal(a.Id, b.Id);
}

/// <summary>What stands against more units than fit before what is held.</summary>
/// <param name="Cap">With what it has used, and when what is held in its period has expired; null: a rule of
/// overage, for the reason.</param>
internal sealed record HeldRoom(long Units, (Cap Cap, long Used, Instant Until)? Cap, DecisionReason Reason,
    (Limit Limit, Limit Used)? Binds)
{
    public static readonly HeldRoom Enough = new(long.MaxValue, null, DecisionReason.Ok, null);
}

/// <summary>Units of one kind, held one after the other.</summary>
/// <param name="Caps">Those of its period, by their places, against which they stand.</param>
/// <param name="Day">Place among the days of its period that daily caps are asked about.</param>
internal readonly record struct HeldRun(TypeRates Rates, int Class, UInt128 Caps, int Day, long Units)
{
    public bool IsLike(in HeldRun other) => ReferenceEquals(Rates, other.Rates) && Class == other.Class
        && Caps == other.Caps && Day == other.Day;
}

/// <summary>What is held in one period, as it was last looked at; it changes no more.</summary>
/// <param name="Caps">In whose order the runs say which of them they stand against.</param>
/// <param name="Days">Those that daily caps are asked about.</param>
/// <param name="First">Of the rater then: it makes all anew when what commitments had left has changed.</param>
internal sealed record HeldRuns(IReadOnlyList<HeldRun> Runs, CapBook[] Caps, int[] Days, int Today, Instant Until,
    TypeRates First);

/// <summary>What is held in one period.</summary>
internal sealed class HeldPart
{
    /// <summary>With its outcomes, what those of later periods draw, and what is held at a price that stands.</summary>
    public required Tally Standing { get; init; }
    public required GrantRoom[] Grants { get; init; }
    /// <summary>Caps on money that deny, in order of their ids; at most a hundred (C8).</summary>
    public required Cap[] Caps { get; init; }
    /// <summary>Of each cap the counter, and what it has room for without activities, by place of the day.</summary>
    public required (int Slot, long Room, long Used)[][] Days { get; init; }
    /// <summary>Place of the present day.</summary>
    public required int Today { get; init; }
    /// <summary>In the order in which they are held.</summary>
    public required IReadOnlyList<HeldRun> Runs { get; init; }
    /// <summary>When all of these have expired.</summary>
    public required Instant Until { get; init; }
    /// <summary>In order of the types' ids.</summary>
    public required TypeRates[] Rates { get; init; }
    public required Overage Overage { get; init; }
    /// <summary>Of each other period, what both draw from: the counters here and there.</summary>
    public required (int Mine, int Theirs)[][] Shared { get; init; }

    public static UInt128 Matching<T>(T[] caps, Func<T, Cap> capOf, in Subject subject)
    {
        var matching = UInt128.Zero;
        for (var i = 0; i < caps.Length; i++)
            if (capOf(caps[i]).Scope.Matches(subject)) matching |= UInt128.One << i;
        return matching;
    }

    public void Take(Tally tally, in HeldRun units, Instant now)
    {
        var charged = 0L;
        for (var left = units.Units; left > 0;)
        {
            var run = Rater.Next(tally, units.Rates, units.Class, now, Grants);
            var count = Math.Min(left, run.Units);
            Rater.Consume(tally, units.Rates, run, count, now, Grants);
            charged += (run.Price * count).Micros;
            left -= count;
        }
        if (charged == 0) return;
        for (var i = 0; i < Caps.Length; i++)
            if ((units.Caps >> i & 1) == 1) tally.Add(On(i, units.Day).Slot, charged);
    }

    /// <summary>Of what both draw from, what another period took between two of its counters.</summary>
    public void Draw(Tally tally, int other, Tally from, Tally to)
    {
        foreach (var (mine, theirs) in Shared[other]) tally.Add(mine, to[theirs] - from[theirs]);
    }

    /// <summary>The first cap, in the order of A1, that grows to above its limit.</summary>
    public HeldRoom? Exceeded(Tally without, Tally with)
    {
        (Cap Cap, long Used)? first = null;
        for (var i = 0; i < Caps.Length; i++)
            foreach (var (slot, room, used) in Days[i])
                if (with[slot] > without[slot] && with[slot] > room
                    && (first is not { } one || HeldAfter.CapOrder(Caps[i], one.Cap) < 0)) first = (Caps[i], used);
        return first is { } cap ? new HeldRoom(0, (cap.Cap, cap.Used, Until), DecisionReason.CapReached, null) : null;
    }

    public HeldRoom? Refused(Tally without, Tally with)
    {
        foreach (var rate in Rates)
            if (Overage.Forbids(rate, without, with) is var reason and not DecisionReason.Ok)
                return new HeldRoom(0, null, reason, null);
        foreach (var rate in Rates)
            if (Overage.Exceeded(rate, without, with) is { } binds)
                return new HeldRoom(0, null, DecisionReason.OverageLimitReached, binds);
        return null;
    }

    private (int Slot, long Room, long Used) On(int cap, int day) => Days[cap][Days[cap].Length == 1 ? 0 : day];
}
