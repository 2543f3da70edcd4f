namespace MeteringGateway.Core;

public sealed partial class TenantState
{
    /// <summary>Something was told since signals say what they stop, or raised since alerts are kept.</summary>
    private bool HasToldOrRaised => _told is { } book && (book.Raised > 0 || book.Gone > 0 || ToldOfAll().Any()
        || book.Signals.Any(signal => signal.Stops is not null));

    private IEnumerable<Signal> ToldOfAll() => new[] { Told }.Concat(Open.Caps.Select(cap => cap.Told))
        .Concat(_told!.Funding.Values).OfType<Signal>();

    private void WriteToldAndRaised(Writer to)
    {
        to.Number(_told!.Gone);
        to.List(ToldOfAll().ToArray(), (w, told) => { WriteSignal(w, told); w.List(told.Stops!.Value, Values.Write); });
        to.List(_told.Signals.Where(signal => signal.Stops is not null).ToArray(), (w, signal) =>
        {
            w.Number(signal.Sequence); w.List(signal.Stops!.Value, Values.Write);
        });
        to.Number(_told.Raised);
        to.List(_told.Alerts, (w, period) => { w.Date(period.Key); w.List(period.Value, WriteAlert); });
    }

    private void ReadToldAndRaised(ref Reader from)
    {
        var book = _told ??= new ToldBook();
        book.Gone = from.Number();
        foreach (var told in from.List((ref r) => ReadSignal(ref r) with { Stops = [.. r.List(Values.ReadStop)] }))
            if (told.Cap is { } cap) Open.Cap(cap)!.Told = told;
            else if (told.Scope?.OutcomeType is { } type) book.Funding[type] = told;
            else book.Tenant = told;
        var stops = from.List((ref r) => (Of: r.Number(), Stops: r.List(Values.ReadStop)))
            .ToDictionary(one => one.Of, one => one.Stops);
        book.Restore(book.Signals.Select(signal =>
            stops.TryGetValue(signal.Sequence, out var those) ? signal with { Stops = [.. those] } : signal).ToArray());
        book.Raised = from.Number();
        foreach (var (period, raised) in from.List((ref r) => (r.Date(), r.List(ReadAlert))))
            book.Alerts[period] = new Queue<RaisedAlert>(raised);
    }

    private static void WriteAlert(Writer to, RaisedAlert alert)
    {
        to.Number(alert.Number); to.Time(alert.At); to.Text(alert.Type); to.Maybe(alert.Threshold, Values.Write);
        to.MaybeText(alert.Of); Values.Write(to, alert.Level); Values.Write(to, alert.Limit);
    }

    private static RaisedAlert ReadAlert(ref Reader from) => new(
        from.Number(), from.Time(), Values.Shared(ref from), from.Maybe(Values.ReadThreshold),
        Values.MaybeShared(ref from), Values.MaybeLimit(ref from), Values.MaybeLimit(ref from));
}
