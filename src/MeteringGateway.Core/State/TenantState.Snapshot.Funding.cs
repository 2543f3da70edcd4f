namespace MeteringGateway.Core;

public sealed partial class TenantState
{
    private static void WriteGrant(Writer to, Grant g)
    {
        to.Text(g.Id); to.Byte((byte)g.Kind); to.Money(g.Amount); to.Number(g.Priority); to.Time(g.EffectiveAt);
        to.MaybeTime(g.ExpiresAt);
        to.MaybeMoney(g.Price); to.MaybeText(g.Note); to.MaybeText(g.Key); to.MaybeText(g.From); to.Time(g.CreatedAt);
        to.Number(g.Capacity);
        to.Number(g.Spent); to.Bool(g.Ended); to.MaybeTime(g.VoidedAt); to.Bool(g.Announced);
    }

    private static Grant ReadGrant(ref Reader from) => new()
    {
        Id = from.Text(), Kind = (GrantKind)from.Byte(), Amount = from.Money(), Priority = from.Int(),
        EffectiveAt = from.Time(), ExpiresAt = from.MaybeTime(),
        Price = from.MaybeMoney(), Note = from.MaybeText(), Key = from.MaybeText(), From = from.MaybeText(),
        CreatedAt = from.Time(), Capacity = from.Number(),
        Spent = from.Number(), Ended = from.Bool(), VoidedAt = from.MaybeTime(), Announced = from.Bool(),
    };

    /// <summary>Which packs were bought, by grant (F9), and the zones of periods in which another was set.</summary>
    private void WritePacks(Writer to)
    {
        var packs = Grants.Where(grant => grant.Pack is not null).OrderBy(grant => grant.Id, Ids.InOrder).ToArray();
        var zones = _books.Where(book => book.ZoneUntilChanged is not null).ToArray();
        if (packs.Length + zones.Length == 0) return;
        var section = new Writer();
        section.List(packs, (w, grant) => { w.Text(grant.Id); w.Text(grant.Pack!); w.Number(grant.Quantity); });
        if (zones.Length > 0)
            section.List(zones, (w, book) => { w.Date(book.Period.Id); w.Text(book.ZoneUntilChanged!); });
        Sections.Write(to, Sections.Money, section);
    }

    private void ReadPacks(ref Reader section)
    {
        foreach (var (id, pack, quantity) in section.List((ref r) => (r.Text(), Values.Shared(ref r), r.Int())))
            (Grant(id)!.Pack, Grant(id)!.Quantity) = (pack, quantity);
        if (section.AtEnd) return;
        foreach (var (period, zone) in section.List((ref r) => (r.Date(), Values.Shared(ref r))))
            Book(period)!.ZoneUntilChanged = zone;
    }

    internal static void WriteAuthorization(Writer to,
        Authorization value) { to.MaybeNumber(value.Period?.DayNumber); Values.Write(to, value.Limit); }

    internal static Authorization ReadAuthorization(ref Reader from) =>
        new(from.MaybeDay(), Values.MaybeLimit(ref from));

    private static void WriteThreshold(Writer to, ThresholdBook value)
    {
        Values.Write(to, value.Threshold); to.MaybeNumber(value.CrossedAt); to.Number(value.CrossedDay);
        to.Bool(value.CrossedByDay); to.MaybeTime(value.RearmedAt);
    }

    private static ThresholdBook ReadThreshold(ref Reader from) =>
        new(Values.ReadThreshold(ref from))
        {
            CrossedAt = from.MaybeNumber(), CrossedDay = from.Int(), CrossedByDay = from.Bool(),
            RearmedAt = from.MaybeTime(),
        };

    private static void WriteFinal(Writer to, FinalRating value)
    {
        to.List(value.Lines, Values.Write); to.List(value.Committed, Values.Write); to.Time(value.ClosedAt);
        to.Number(value.Sequence);
        to.Maybe(value.Walk, WriteWalk);
    }

    private static FinalRating ReadFinal(ref Reader from) => new(
        [.. from.List(Values.ReadLine)], [.. from.List(Values.ReadLimit)], from.Time(), from.Number(),
        from.Maybe(ReadWalk));

    private static void WriteWalk(Writer to, ClosedWalk value)
    {
        to.List(value.Units, (w, units) =>
        {
            w.Number(units.Terms); w.Text(units.Type); w.Number(units.Class); w.Number(units.Quantity);
            w.Time(units.Time);
        });
        to.List(value.Grants, (w, room) =>
        {
            w.Text(room.Id); w.Number(room.Available); w.Number(room.UsedBefore); w.Time(room.From); w.Time(room.Until);
        });
        to.List(value.CommittedBefore, (w, used) => w.Number(used));
        to.List(value.Removed, (w, removed) => { w.Number(removed.Place); w.Number(removed.Units); });
    }

    private static ClosedWalk ReadWalk(ref Reader from) => new(
        [.. from.List((ref r) => new Units(r.Int(), Values.Shared(ref r), r.Int(), r.Number(), r.Time()))],
        [.. from.List((ref r) => new GrantRoom(r.Text(), -1, r.Number(), r.Number(), r.Time(), r.Time()))],
        [.. from.List((ref r) => r.Number())], [.. from.List((ref r) => (r.Number(), r.Number()))]);
}
