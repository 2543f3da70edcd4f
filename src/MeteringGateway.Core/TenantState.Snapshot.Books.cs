namespace MeteringGateway.Core;

public sealed partial class TenantState
{
    private static void WriteBook(Writer to, PeriodBook book)
    {
        Values.Write(to, book.Period); to.Byte((byte)book.Status); to.Number(book.Pending); to.Money(book.Corrections);
        to.List(book.Types, WriteType);
        to.List(book.Activities?.OrderBy(a => a.Key.Activity, StringComparer.Ordinal).ThenBy(a => a.Key.Day)
            .ThenBy(a => a.Key.Dimensions.Agent, StringComparer.Ordinal).ThenBy(a => a.Key.Dimensions.Channel, StringComparer.Ordinal)
            .ThenBy(a => a.Key.Dimensions.Workflow, StringComparer.Ordinal).ToArray() ?? [], (w, a) =>
            {
                w.Text(a.Key.Activity); Values.Write(w, a.Key.Dimensions); w.Number(a.Key.Day); w.Number(a.Value);
            });
        to.List(book.Caps, WriteCap);
    }

    private static PeriodBook ReadBook(ref Reader from)
    {
        var book = new PeriodBook(Values.ReadPeriod(ref from)) { Status = (PeriodStatus)from.Byte(), Pending = from.Int(), Corrections = from.Money() };
        book.Types.AddRange(from.List(ReadType));
        foreach (var (key, quantity) in from.List((ref r) => (new ActivityKey(Values.Shared(ref r), Values.ReadDimensions(ref r), r.Int()), r.Number())))
            book.AddActivity(key, quantity);
        book.Caps.AddRange(from.List(ReadCap));
        return book;
    }

    private static void WriteType(Writer to, TypeBook type)
    {
        to.Text(type.Id); to.Number(type.Pending); to.Number(type.Settled); to.Number(type.Credited);
        to.List(type.NonBillable?.ToArray() ?? [], (w, counted) => { w.Byte((byte)counted.Key); w.Number(counted.Value); });
        to.Maybe(type.Rated, Values.Write); to.Number(type.Corrected);
    }

    private static TypeBook ReadType(ref Reader from)
    {
        var type = new TypeBook(Values.Shared(ref from)) { Pending = from.Number(), Settled = from.Number(), Credited = from.Number() };
        foreach (var (reason, units) in from.List((ref r) => ((Reason)r.Byte(), r.Number()))) (type.NonBillable ??= [])[reason] = units;
        type.Rated = from.Maybe(Values.ReadRated);
        type.Corrected = from.Number();
        return type;
    }

    private static void WriteCap(Writer to, CapBook cap)
    {
        Values.Write(to, cap.Cap); to.Maybe(cap.Next, Values.Write); to.Byte((byte)cap.State); to.Number(cap.Total.Counted); to.Number(cap.Total.Reserved);
        to.List(cap.Days?.ToArray() ?? [], (w, day) => { w.Number(day.Key); w.Number(day.Value.Counted); w.Number(day.Value.Reserved); });
    }

    private static CapBook ReadCap(ref Reader from)
    {
        var cap = new CapBook(Values.ReadCap(ref from))
        {
            Next = from.Maybe(Values.ReadCap), State = (LimitState)from.Byte(), Total = new Exposure(from.Number(), from.Number()),
        };
        foreach (var (day, exposure) in from.List((ref r) => (r.Int(), new Exposure(r.Number(), r.Number())))) (cap.Days ??= [])[day] = exposure;
        return cap;
    }
}
