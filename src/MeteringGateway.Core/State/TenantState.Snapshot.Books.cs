namespace MeteringGateway.Core;

public sealed partial class TenantState
{
    private static void WriteBook(Writer to, PeriodBook book)
    {
        Values.Write(to, book.Period); to.Byte((byte)book.Status); to.Number(book.Pending);
        to.List(book.Types, WriteType);
        to.List(book.Activities?.OrderBy(a => a.Key.Activity, StringComparer.Ordinal).ThenBy(a => a.Key.Day)
            .ThenBy(a => a.Key.Dimensions.Agent, StringComparer.Ordinal)
            .ThenBy(a => a.Key.Dimensions.Channel, StringComparer.Ordinal)
            .ThenBy(a => a.Key.Dimensions.Workflow, StringComparer.Ordinal).ThenBy(a => a.Key.Fee)
            .ThenBy(a => a.Key.Beyond).ToArray() ?? [], (w, a) =>
            {
                w.Text(a.Key.Activity); Values.Write(w, a.Key.Dimensions); w.Number(a.Key.Day); w.Money(a.Key.Fee);
                w.Bool(a.Key.Beyond); w.Number(a.Value);
            });
        to.List(book.Caps, WriteCap); to.List(book.Coming ?? [], Values.Write);
        to.List(book.Corrections?.ToArray() ?? [], (w, sum) =>
        {
            w.Date(sum.Key.Period); w.Text(sum.Key.Type); w.Number(sum.Value.Quantity); w.Money(sum.Value.Amount);
        });
        to.Number(book.CreditsInForce); to.Bool(book.CreditsExhausted);
        to.List(book.OverageStarted ?? (IReadOnlyCollection<string>)[], (w, owner) => w.Text(owner));
        to.Maybe(book.Authorized, WriteAuthorization);
        to.List(book.Funding?.ToArray() ?? [], (w, state) => { w.Text(state.Key); w.Byte((byte)state.Value); });
        to.Maybe(book.Final, WriteFinal);
    }

    private static PeriodBook ReadBook(ref Reader from)
    {
        var book = new PeriodBook(Values.ReadPeriod(ref from)) { Status = (PeriodStatus)from.Byte(),
            Pending = from.Int() };
        book.Types.AddRange(from.List(ReadType));
        foreach (var (key, quantity) in from.List((ref r) =>
            (new ActivityKey(Values.Shared(ref r), Values.ReadDimensions(ref r), r.Int(), r.Money(), r.Bool()),
                r.Number())))
            book.AddActivity(key, quantity);
        book.Caps.AddRange(from.List(ReadCap));
        foreach (var cap in from.List(Values.ReadCap)) (book.Coming ??= []).Add(cap);
        foreach (var (key, sum) in from.List((ref r) =>
            ((r.Date(), Values.Shared(ref r)),
                new CorrectionSum(r.Number(), r.Money())))) (book.Corrections ??= [])[key] = sum;
        (book.CreditsInForce, book.CreditsExhausted) = (from.Number(), from.Bool());
        foreach (var owner in from.List(Values.Shared))
            (book.OverageStarted ??= new(StringComparer.Ordinal)).Add(owner);
        book.Authorized = from.Maybe(ReadAuthorization);
        foreach (var (type, state) in from.List((ref r) =>
            (Values.Shared(ref r), (LimitState)r.Byte()))) (book.Funding ??= new(StringComparer.Ordinal))[type] = state;
        book.Final = from.Maybe(ReadFinal);
        return book;
    }

    private static void WriteType(Writer to, TypeBook type)
    {
        to.Text(type.Id); to.Number(type.Pending); to.Number(type.Settled); to.Number(type.Credited);
        to.List(type.NonBillable?.ToArray() ?? [],
            (w, counted) => { w.Byte((byte)counted.Key); w.Number(counted.Value); });
    }

    private static TypeBook ReadType(ref Reader from)
    {
        var type = new TypeBook(Values.Shared(ref from)) { Pending = from.Number(), Settled = from.Number(),
            Credited = from.Number() };
        foreach (var (reason, units) in from.List((ref r) =>
            ((Reason)r.Byte(), r.Number()))) (type.NonBillable ??= [])[reason] = units;
        return type;
    }

    private static void WriteCap(Writer to, CapBook cap)
    {
        Values.Write(to, cap.Cap); to.Maybe(cap.Next, Values.Write); to.Byte((byte)cap.State);
        to.Number(cap.Total.Counted); to.Number(cap.Total.Reserved);
        to.List(cap.Days?.ToArray() ?? [],
            (w, day) => { w.Number(day.Key); w.Number(day.Value.Counted); w.Number(day.Value.Reserved); });
    }

    private static CapBook ReadCap(ref Reader from)
    {
        var cap = new CapBook(Values.ReadCap(ref from))
        {
            Next = from.Maybe(Values.ReadCap), State = (LimitState)from.Byte(),
            Total = new Exposure(from.Number(), from.Number()),
        };
        foreach (var (day, exposure) in from.List((ref r) =>
            (r.Int(), new Exposure(r.Number(), r.Number())))) (cap.Days ??= [])[day] = exposure;
        return cap;
    }
}
