namespace MeteringGateway.Core.Tests.Pages;

public sealed class OutcomeTableTests
{
    private static readonly Instant Start = Instant.Parse("2026-03-01T00:00:00Z");
    private static readonly string Odd = "\ud800alone"; // half a pair: no UTF-8 can say it

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_gives_back_what_it_was_given_in_every_order(int seed)
    {
        var random = new Random(seed);
        var (table, plain) = (new OutcomeTable(), new List<Outcome>());
        var sequence = 0L;
        for (var step = 0; step < 9_000; step++)
        {
            sequence += random.Next(1, 4);
            var chance = random.Next(10);
            if (plain.Count == 0 || chance < (step < 5_000 ? 6 : 2))
            {
                var made = Any(random, step, sequence);
                table.Add(made);
                plain.Add(made);
            }
            else if (chance < 8)
            {
                var at = random.Next(plain.Count);
                table.Put(plain[at] = Changed(random, plain[at], sequence));
            }
            else
            {
                // Mostly the oldest leave, so that pages are left by all.
                var at = random.Next(4) > 0 ? random.Next(Math.Min(3, plain.Count)) : random.Next(plain.Count);
                table.Remove(plain[at].Id);
                plain.RemoveAt(at);
            }
            if (step % 300 == 0) Compare(table, plain, random.NextInt64(sequence + 2));
            if (step % 1_500 == 0 && plain.Count > 0) table = Stored(table); // from here on it is the one that was read
        }
        Compare(table, plain, 0);
        foreach (var one in plain.ToArray()) table.Remove(one.Id);
        Assert.Equal((0, null), (table.Count, table.NextWindow()));
    }

    [Fact]
    public void What_is_rated_is_in_order_of_time_source_and_event_whatever_their_texts_are_O6()
    {
        string[] texts = ["a", "B", "a1", "é", "\u007f", "\u0080", "\ue000", "𝒳", Odd, "a𝒳", "ab", "A", "zz",
            "0"];
        var random = new Random(9);
        var (table, all) = (new OutcomeTable(), new List<Outcome>());
        for (var i = 1; i <= 2_000; i++)
        {
            var id = texts[random.Next(texts.Length)] + texts[random.Next(texts.Length)];
            var outcome = Plain(random.Next(3) == 0 ? $"{id}{i}" : $"o{i}", i) with
            {
                Time = Start + TimeSpan.FromMilliseconds(random.Next(4)),
                Event = new EventId(random.Next(2) == 0 ? "/desk" : texts[random.Next(texts.Length)], $"{id}{i}"),
            };
            table.Add(outcome);
            all.Add(outcome);
        }
        var order = new RatedOrder(table, all.Select(one => table.PlaceOf(one.Id)).OrderBy(_ => random.Next()));
        Assert.Equal(all.OrderBy(one => one.Time).ThenBy(one => one.Event.Source, StringComparer.Ordinal)
            .ThenBy(one => one.Event.Id, StringComparer.Ordinal).Select(one => one.Event),
            Enumerable.Range(0, order.Count).Select(i => order[i].Event));
    }

    [Fact]
    public void Windows_end_in_order_of_time_and_id_T1()
    {
        var random = new Random(5);
        var (table, open) = (new OutcomeTable(), new SortedSet<Due>());
        for (var i = 1; i <= 3_000; i++)
        {
            var end = Start + TimeSpan.FromMilliseconds(random.Next(1, 500));
            var outcome = Plain($"{(i % 3 == 0 ? "\ue000" : "𝒳")}{random.Next()}", i) with { ClosesAt = end };
            table.Add(outcome);
            open.Add(new Due(end, DueKind.Window, outcome.Id));
            if (i % 5 > 0) continue;
            // It begins anew, or is over.
            var (other, later) = (table.Find(open.Max.Id)!, end + TimeSpan.FromDays(1));
            open.Remove(open.Max);
            if (i % 2 == 0) table.Put(other with { Status = OutcomeStatus.Billable, End = WindowEnd.Confirmed });
            else
            {
                table.Put(other with { ClosesAt = later });
                open.Add(new Due(later, DueKind.Window, other.Id));
            }
        }
        while (table.NextWindow() is { } next)
        {
            Assert.Equal(open.Min, next);
            open.Remove(next);
            table.Put(table.Find(next.Id)! with { Status = OutcomeStatus.Billable, End = WindowEnd.Lapsed });
        }
        Assert.Empty(open);
    }

    private static OutcomeTable Stored(OutcomeTable table)
    {
        var (to, read) = (new Writer(), new OutcomeTable());
        foreach (var _ in table.Write(to, new OutcomeTable.Moves(table))) { }
        var reading = new OutcomeTable.Reading(read);
        var from = new Reader(to.Written);
        for (var left = from.Unsigned(); left > 0; left--) reading.Key(ref from);
        for (var left = from.Unsigned(); left > 0; left--) reading.Kind(ref from);
        for (var left = from.Unsigned(); left > 0; left--) reading.Charges(ref from);
        for (var left = from.Unsigned(); left > 0;) reading.Page(ref from, ref left);
        for (var left = from.Unsigned(); left > 0; left--) reading.Whole(ref from);
        for (var left = from.Unsigned(); left > 0;) reading.Ids(ref from, ref left);
        for (var left = from.Unsigned(); left > 0;) reading.Changed(ref from, ref left);
        Assert.True(from.AtEnd);
        reading.End();
        Assert.Equal(table.KindBytes, read.KindBytes);
        return read;
    }

    private static void Compare(OutcomeTable table, List<Outcome> plain, long mark)
    {
        Assert.Equal(plain.Count, table.Count);
        Same(plain, table.All);
        Same(plain, plain.Select(one => table.Find(one.Id)!));
        Same(plain.Where(one => one.ReportedBy > mark), table.ReportedAfter(mark));
        Same(plain.Where(one => one.ReportedBy < mark).Reverse(), table.ReportedBefore(mark));
        Same(plain.Where(one => one.LastSequence > mark).OrderBy(one => one.LastSequence), table.ChangedAfter(mark));
        Assert.Null(table.Find("none of them"));
        Assert.Equal(plain.Where(one => one is { Status: OutcomeStatus.Pending, ClosesAt: not null })
            .Select(one => (Due?)new Due(one.ClosesAt!.Value, DueKind.Window, one.Id)).Order().FirstOrDefault(),
            table.NextWindow());
    }

    private static void Same(IEnumerable<Outcome> expected, IEnumerable<Outcome> actual) =>
        Assert.Equal(expected.Select(Text), actual.Select(Text));

    /// <summary>Every member, with what is in its lists.</summary>
    private static string Text(Outcome o) => string.Join('|', typeof(Outcome).GetProperties().Select(property =>
        property.GetValue(o) is System.Collections.IEnumerable and not string and var list
            ? string.Join(',', list.Cast<object>()) : property.GetValue(o)?.ToString()));

    private static Outcome Plain(string id, long sequence) => new()
    {
        Event = new EventId("/a", id), Id = id, Time = Start, Type = "t", Quantity = 1, Result = Result.Success,
        Period = new DateOnly(2026, 3, 1), Day = 0, Opened = Start, Status = OutcomeStatus.Pending,
        End = WindowEnd.Open, ReportedBy = sequence,
    };

    private static Outcome Any(Random random, int step, long sequence)
    {
        var id = random.Next(30) switch
        {
            0 => Odd + step, 1 => new string('é', 250) + step, 2 => "𝒳" + step, 3 => new string('x', 126) + step,
            _ => $"conv-{step}",
        };
        var time = Start + TimeSpan.FromMinutes(random.Next(40_000));
        return Plain(id, sequence) with
        {
            Event = new EventId($"/s{random.Next(3)}", random.Next(3) == 0 ? $"e{step}" : id), Time = time,
            Opened = time, Type = $"t{random.Next(3)}", Quantity = random.Next(1, 1_000_000), Day = random.Next(46),
            Session = random.Next(3) switch { 0 => null, 1 => "", _ => $"s-{random.Next(1_000)}" },
            Dimensions = new Dimensions(random.Next(2) == 0 ? null : $"agent-{random.Next(5)}"),
            CriteriaMet = random.Next(3) == 0 ? ["answered", "polite"] : [], HandedOff = random.Next(9) == 0,
            Sandbox = random.Next(9) == 0, HasDetail = random.Next(2) == 0, Contact = (Contact)random.Next(3),
            Verification = random.Next(2) == 0 ? null
                : new Verification("llm", random.Next(2) == 0, random.Next(2) == 0 ? null : random.Next(1_000_001)),
            Drawn = random.Next(20) == 0 ? 1 : 0, Terms = random.Next(2), Admitted = random.Next(2) == 0,
            ClosesAt = random.Next(3) == 0 ? null : time + TimeSpan.FromHours(random.Next(200)),
            Result = (Result)random.Next(3), SettledBy = random.Next(4) == 0 ? sequence : 0,
        };
    }

    private static Outcome Changed(Random random, Outcome one, long sequence)
    {
        var changed = one with { ChangedBy = one.ChangedBy.Add(sequence) };
        return random.Next(8) switch
        {
            0 => changed with { Facts = [new Fact(new EventId("/f", $"{sequence}"), one.Time, FactKind.Confirmed, null)] },
            1 => changed with { Status = OutcomeStatus.Billable, Reason = Reason.WindowClosed, End = WindowEnd.Lapsed,
                SettledBy = sequence },
            2 => changed with { ClosesAt = one.Time + TimeSpan.FromHours(random.Next(1_500)) },
            3 => changed with { ContinuationOf = "another" },
            4 => changed with { Charges = random.Next(3) == 0 ? [] : [new Charge(Funding.OnDemand, 1,
                new Amount(random.Next(3)), new Amount(random.Next(3)), Amount.Zero)], Place = random.Next() },
            5 => one with { Contact = Contact.Again },
            6 => changed with { Opened = one.Opened + TimeSpan.FromHours(1) },
            _ => changed with { Status = OutcomeStatus.NonBillable, Reason = Reason.Escalated,
                End = WindowEnd.Reversed, SettledBy = 0 },
        };
    }
}
