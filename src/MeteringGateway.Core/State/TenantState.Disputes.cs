using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>Disputes (D3), and what the buyer's verdicts come to (O8).</summary>
public sealed partial class TenantState
{
    /// <summary>Of a tenant, decided disputes that are listed; an older one is seen with its outcome.</summary>
    public const int DisputesKept = 10_000;

    internal int OpenDisputes => Contested?.Open ?? 0;

    internal Dispute? Dispute(string id) => Contested?.Find(id);

    internal Dispute? DisputeOf(string outcomeId) => Contested?.Of(outcomeId);

    /// <summary>Newest first, opened by an entry with a sequence below <paramref name="before"/>.</summary>
    /// <param name="status">Null: any.</param>
    public IReadOnlyList<Dispute> Disputes(DisputeStatus? status, long? before, int limit) =>
        [.. (Contested?.All ?? []).Where(dispute => status is null || dispute.Status == status)
            .Where(dispute => dispute.OpenedBy < (before ?? long.MaxValue)).Take(limit)];

    private void Apply(Entry.DisputeOpened e)
    {
        var dispute = new Dispute(e.Dispute, e.OutcomeId, e.Reason, DisputeStatus.Open, e.At);
        Stands(dispute);
        // One of before they were listed is as long as its outcome is in memory: no snapshot has more of it.
        if (e.Via != DisputeVia.Unsaid) (Contested ??= new DisputeBook()).Put(dispute, isKept: true);
        else if (Find(e.OutcomeId) is not null) (Contested ??= new DisputeBook()).Put(dispute, isKept: false);
        if (Find(e.OutcomeId) is { MayHold: true, Reason: not Reason.Training } disputed
            && disputed.Facts.LastOrDefault(fact => fact.IsVerdict)?.Kind == FactKind.VerdictAccepted)
            Contested?.Say(disputed.Id, disputed.Period, disputed.Type, accepted: true);
    }

    private void Apply(Entry.DisputeResolved e)
    {
        var dispute = e.Before with { Status = e.Status, Note = e.Note, ResolvedAt = e.At, Credit = e.Credit };
        Stands(dispute);
        (Contested ??= new DisputeBook()).Put(dispute, isKept: true);
    }

    private void Stands(Dispute dispute)
    {
        if (Find(dispute.OutcomeId) is { } outcome)
            Put(outcome with { Dispute = dispute, ChangedBy = outcome.ChangedBy.Add(Sequence) }, outcome);
    }

    /// <summary>The line of the open period that this is part of names the outcome, and why it was taken back.
    /// </summary>
    /// <param name="why">See <see cref="NamedOutcomes"/>; null: it is not named.</param>
    private void NameTaken(Correction correction, string outcomeId, string? why)
    {
        if (why is null) return;
        var named = (Open.Named ??= []).GetValueOrDefault((correction.Period, correction.OutcomeType))
            ?? new NamedOutcomes([], 0, Amount.Zero);
        var first = named.First.Length < NamedOutcomes.Most ? named.First.Add((outcomeId, why)) : named.First;
        Open.Named[(correction.Period, correction.OutcomeType)] = new NamedOutcomes(first, named.Count + 1,
            correction.Returned.Aggregate(named.Credits, (sum, draw) => sum + draw.Credits));
    }

    private void Count(VerdictCount counted, FactKind verdict)
    {
        var counts = Book(counted.Period)!.Agreement ??= new(StringComparer.Ordinal);
        var before = counts.GetValueOrDefault(counted.OutcomeType) ?? new AgreementCount(0, 0, false, null);
        var after = before with
        {
            Total = before.Total + (counted.Before is null ? 1 : 0),
            Agreed = before.Agreed + (verdict == FactKind.VerdictAccepted ? 1 : 0)
                - (counted.Before == FactKind.VerdictAccepted ? 1 : 0),
        };
        var figure = new Agreement(counted.OutcomeType, after.Agreed, after.Total);
        counts[counted.OutcomeType] = after with { IsLow = before.IsLow && figure.IsLow };
    }

    /// <summary>Outcomes that the buyer accepted last, while their dispute is open: until it is decided they count as
    /// rejected (O8).</summary>
    internal long AcceptedInDispute(DateOnly period, string type) => Contested?.AcceptedOf(period, type) ?? 0;

    private void Apply(Entry.AgreementLow e)
    {
        var counts = Book(e.Period)!.Agreement!;
        counts[e.OutcomeType] = counts[e.OutcomeType] with { IsLow = true, LowAt = e.At };
        Raise(e.Alert, e, Alerts.AgreementLow, null, $"agreement:{e.OutcomeType}", e.Agreed, e.Total, e.Period);
    }

    /// <summary>Those of a state that was restored that are not in its section.</summary>
    private void FindDisputes()
    {
        foreach (var outcome in _outcomes?.Unusual ?? [])
            if (outcome.Dispute is { } dispute && Dispute(dispute.Id) is null)
                (Contested ??= new DisputeBook()).Put(dispute, isKept: false);
    }

    private void WriteDisputes(Writer to)
    {
        var kept = Contested?.Kept.ToArray() ?? [];
        var added = _outcomes?.Unusual.Where(OutcomeWire.HasAdded).ToArray() ?? [];
        var books = _books.Where(book => book.Agreement is not null || book.Named is not null).ToArray();
        if (kept.Length + added.Length + books.Length == 0) return;
        var section = new Writer();
        section.List(kept, (w, dispute) => { Values.Write(w, dispute); Values.WriteResolution(w, dispute); });
        section.List(added, (w, outcome) => { w.Text(outcome.Id); OutcomeWire.WriteAdded(w, outcome); });
        section.List(books, WriteJudged);
        var takenBack = books.SelectMany(book => (book.Named ?? []).Where(one => one.Value.Credits != Amount.Zero)
            .Select(one => (book.Period.Id, Of: one.Key, one.Value.Credits))).ToArray();
        if (takenBack.Length > 0)
            section.List(takenBack, (w, one) =>
            {
                w.Date(one.Id); w.Date(one.Of.Period); w.Text(one.Of.Type); w.Money(one.Credits);
            });
        Sections.Write(to, Sections.Disputes, section);
    }

    private static void WriteJudged(Writer to, PeriodBook book)
    {
        to.Date(book.Period.Id);
        to.List(book.Agreement?.ToArray() ?? [], (w, one) =>
        {
            w.Text(one.Key); w.Number(one.Value.Agreed); w.Number(one.Value.Total); w.Bool(one.Value.IsLow);
            w.MaybeTime(one.Value.LowAt);
        });
        to.List(book.Named?.ToArray() ?? [], (w, one) =>
        {
            w.Date(one.Key.Period); w.Text(one.Key.Type); w.Number(one.Value.Count);
            w.List(one.Value.First, (w, name) => { w.Text(name.OutcomeId); w.Text(name.Why); });
        });
    }

    private void ReadDisputes(ref Reader from)
    {
        foreach (var dispute in from.List((ref r) => Values.ReadResolution(Values.ReadDispute(ref r), ref r)))
            (Contested ??= new DisputeBook()).Put(dispute, isKept: true);
        foreach (var outcome in from.List((ref r) => OutcomeWire.WithAdded(Find(r.Text())!, ref r)))
            _outcomes!.Put(outcome);
        from.List(ReadJudged);
        if (from.AtEnd) return;
        foreach (var (id, of, credits) in from.List((ref r) =>
            (r.Date(), (r.Date(), Values.Shared(ref r)), r.Money())))
            if (Book(id)!.Named is { } named) named[of] = named[of] with { Credits = credits };
    }

    private PeriodBook ReadJudged(ref Reader from)
    {
        var book = Book(from.Date())!;
        foreach (var (type, count) in from.List((ref r) =>
            (Values.Shared(ref r), new AgreementCount(r.Number(), r.Number(), r.Bool(), r.MaybeTime()))))
            (book.Agreement ??= new(StringComparer.Ordinal))[type] = count;
        foreach (var (of, count, first) in from.List((ref r) =>
            ((r.Date(), Values.Shared(ref r)), r.Int(), r.List((ref r) => (r.Text(), r.Text())))))
            (book.Named ??= [])[of] = new NamedOutcomes([.. first], count, Amount.Zero);
        return book;
    }
}

/// <summary>A tenant's disputes, in the order in which they were opened; of an outcome there is one at most.</summary>
internal sealed class DisputeBook
{
    private readonly SortedDictionary<string, (Dispute Dispute, bool IsKept)> _byId = new(Ids.InOrder);
    private readonly Dictionary<string, Dispute> _byOutcome = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _decided = new(Ids.InOrder);

    /// <summary>Open ones whose outcome the buyer accepted last, by id. Beside the canonical bytes.</summary>
    public SortedDictionary<string, (DateOnly Period, string Type)> Accepted { get; } = new(Ids.InOrder);

    public int Open => _byId.Count - _decided.Count;

    /// <summary>As <see cref="TenantState.Bytes"/> counts.</summary>
    public long Bytes { get; private set; }

    public long AcceptedOf(DateOnly period, string type) => Accepted.Values.Count(one => one == (period, type));

    /// <summary>
    /// The buyer's last word on an outcome; of one that is not in an open dispute it is nothing here.
    /// </summary>
    public void Say(string outcomeId, DateOnly period, string type, bool accepted)
    {
        if (Of(outcomeId) is not { Status: DisputeStatus.Open } dispute) return;
        if (accepted) Accepted[dispute.Id] = (period, type);
        else Accepted.Remove(dispute.Id);
    }

    /// <summary>Newest first.</summary>
    public IEnumerable<Dispute> All => _byId.Values.Reverse().Select(one => one.Dispute);

    /// <summary>Those that a snapshot has, in order.</summary>
    public IEnumerable<Dispute> Kept => _byId.Values.Where(one => one.IsKept).Select(one => one.Dispute);

    public Dispute? Find(string id) => _byId.TryGetValue(id, out var found) ? found.Dispute : null;

    public Dispute? Of(string outcomeId) => _byOutcome.GetValueOrDefault(outcomeId);

    public void Put(Dispute dispute, bool isKept)
    {
        Bytes += TenantState.BytesOf(dispute) - (Find(dispute.Id) is { } before ? TenantState.BytesOf(before) : 0);
        _byId[dispute.Id] = (dispute, isKept);
        _byOutcome[dispute.OutcomeId] = dispute;
        if (dispute.Status != DisputeStatus.Open)
        {
            _decided.Add(dispute.Id);
            Accepted.Remove(dispute.Id);
        }
        if (_decided.Count > TenantState.DisputesKept) Remove(Find(_decided.Min!)!);
    }

    public void ForgetWith(Outcome outcome)
    {
        if (outcome.Dispute is { } dispute && _byId.TryGetValue(dispute.Id, out var found) && !found.IsKept)
            Remove(found.Dispute);
    }

    private void Remove(Dispute dispute)
    {
        Bytes -= TenantState.BytesOf(dispute);
        _byId.Remove(dispute.Id);
        _byOutcome.Remove(dispute.OutcomeId);
        _decided.Remove(dispute.Id);
    }
}
