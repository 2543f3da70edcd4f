using MeteringGateway.Core;

namespace MeteringGateway.Engine;

public sealed partial class LocalTenants
{
    /// <summary>Of a page of outcomes, beside which it ends.</summary>
    private const int DetailBytes = 1 << 20;
    private const int DetailsAtOnce = 100;

    public ValueTask<TenantFigure?> Tenant(string tenant, CancellationToken cancellation = default) =>
        Ask(tenant, state => state.Figure(Now), cancellation);

    public ValueTask<Usage?> Usage(string tenant, DateOnly? period, CancellationToken cancellation = default) =>
        Ask(tenant, state => state.Usage(period, Now), cancellation, Lane.Bulk);

    public ValueTask<Quality?> Quality(string tenant, DateOnly? period, CancellationToken cancellation = default) =>
        Ask(tenant, state => state.Quality(period), cancellation, Lane.Bulk);

    public ValueTask<UsageSeries?> Series(string tenant, SeriesQuestion question,
        CancellationToken cancellation = default) =>
        Ask(tenant, state => state.Series(question), cancellation, Lane.Bulk);

    public ValueTask<SessionFigure?> Session(string tenant, string session,
        CancellationToken cancellation = default) =>
        Ask(tenant, state => state.Session(session, Now), cancellation, Lane.Bulk);

    public async ValueTask<StatementRow?> Statement(string tenant, DateOnly? period,
        CancellationToken cancellation = default) =>
        await Ask(tenant, state => state.Statement(period), cancellation, Lane.Bulk) is { } statement
            ? await WithHead(tenant, statement, cancellation) : null;

    public async ValueTask<Page<StatementRow>?> Statements(string tenant, DateOnly? before, int limit,
        CancellationToken cancellation = default)
    {
        var all = await Ask(tenant, state => state.Statements(), cancellation, Lane.Bulk);
        if (all is null) return null;
        var rest = all.Where(statement => before is null || statement.Period.Id < before).Take(limit + 1).ToList();
        var page = new List<StatementRow>();
        foreach (var statement in rest.Take(limit)) page.Add(await WithHead(tenant, statement, cancellation));
        return new Page<StatementRow>(page, rest.Count > limit ? page[^1].Statement.Period.Id.DayNumber : null);
    }

    public ValueTask<IReadOnlyList<GrantFigure>?> Grants(string tenant, CancellationToken cancellation = default) =>
        Ask(tenant, state => state.GrantFigures(), cancellation, Lane.Bulk);

    public ValueTask<IReadOnlyList<ThresholdFigure>?> Thresholds(string tenant,
        CancellationToken cancellation = default) =>
        Ask(tenant, state => state.Thresholds(Now), cancellation, Lane.Bulk);

    public ValueTask<IReadOnlyList<RaisedAlert>?> Alerts(string tenant, DateOnly? period, long? before, int limit,
        CancellationToken cancellation = default) =>
        Ask(tenant, state => state.RaisedAlerts(period, before, limit), cancellation, Lane.Bulk);

    public async ValueTask<Page<Dispute>?> Disputes(string tenant, DisputeStatus? status, long? before, int limit,
        CancellationToken cancellation = default)
    {
        var found = await Ask(tenant, state => state.Disputes(status, before, limit + 1), cancellation, Lane.Bulk);
        return found is null ? null
            : new Page<Dispute>([.. found.Take(limit)], found.Count > limit ? found[limit - 1].OpenedBy : null);
    }

    public ValueTask<IReadOnlyList<TenantInNeed>> Attention(
        IReadOnlyCollection<string>? among, TenantInNeed? after, int limit, CancellationToken cancellation = default)
    {
        Guard();
        return _store.Attention(among, after, limit, cancellation);
    }

    public ValueTask<Need?> Need(string tenant, CancellationToken cancellation = default) =>
        Ask(tenant, state => state.Need(Now), cancellation, Lane.Bulk);

    public ValueTask<Erased> Erase(string tenant, string endCustomer, Actor actor,
        CancellationToken cancellation = default)
    {
        Guard();
        return Erasure.Run(this, _store, tenant, endCustomer, actor, cancellation);
    }

    public ValueTask<ReservationFigure?> Reservation(string tenant, string id,
        CancellationToken cancellation = default) =>
        Ask(tenant, state => state.Reservation(id), cancellation);

    public ValueTask<IReadOnlyList<HeldFigure>?> Reservations(string tenant, string? after, int limit,
        CancellationToken cancellation = default) =>
        Ask(tenant, state => state.Reserved(after, limit), cancellation);

    public ValueTask<IReadOnlyList<string>> List(string? after, int limit, CancellationToken cancellation = default)
    {
        Guard();
        return _store.List(after, limit, cancellation);
    }

    public async ValueTask<OutcomeRow?> Outcome(string tenant, string outcomeId,
        CancellationToken cancellation = default)
    {
        var figure = await Ask(tenant, state => state.Outcome(outcomeId), cancellation);
        if (figure is null && await Recall(tenant, outcomeId, cancellation) is { } recalled)
            figure = (await Archived(tenant, [recalled], cancellation))[0];
        return figure is null ? null : (await WithDetails(tenant, [figure], cancellation))[0];
    }

    public async ValueTask<Page<OutcomeRow>?> Outcomes(
        string tenant, OutcomeFilter filter, long? cursor, int limit, CancellationToken cancellation = default)
    {
        var changes = filter.ChangedAfter is not null;
        var recent = new List<OutcomeFigure>();
        for (long? from = cursor, at = 0; at is not null && recent.Count <= limit; from = at)
        {
            // In steps, with everybody's turns between.
            if (await Ask(tenant, state => state.Outcomes(filter, from, limit + 1 - recent.Count), cancellation,
                Lane.Bulk) is not { } step) return null;
            recent.AddRange(step.Outcomes);
            at = step.Next;
        }
        // Asked after the state: what leaves memory between is in both, never in neither.
        var end = recent.Count > limit ? changes ? recent[^1].Sequence : recent[^1].FirstSequence : (long?)null;
        var archived = await _store.ArchivedPage(tenant, filter, cursor, end, limit + 1, cancellation);
        // Of one that changed between two steps the newer is true.
        var all = archived.Count == 0 && !changes ? recent
            : recent.Concat(await Archived(tenant, [.. archived.Select(bytes => EntryCodec.ReadOutcome(bytes))],
                cancellation))
            .GroupBy(figure => figure.Id, (_, same) => same.MaxBy(figure => figure.Sequence)!);
        var page = (changes ? all.OrderBy(figure => figure.Sequence)
            : all.OrderByDescending(figure => figure.FirstSequence)).Take(limit + 1).ToList();
        var more = page.Count > limit;
        if (more) page.RemoveAt(limit);
        var rows = await WithDetails(tenant, page, cancellation);
        more |= rows.Count < page.Count;
        var next = more ? changes ? rows[^1].Outcome.Sequence : rows[^1].Outcome.FirstSequence : (long?)null;
        return new Page<OutcomeRow>(rows, next);
    }

    /// <summary>What was read of outcomes that left memory, with what the tenant's terms say of them.</summary>
    private async ValueTask<OutcomeFigure[]> Archived(string tenant, Outcome[] outcomes,
        CancellationToken cancellation) =>
        outcomes.Length == 0 ? [] : await Ask(tenant, state => Array.ConvertAll(outcomes, state.Archived), cancellation,
            Lane.Bulk) ?? [];

    /// <summary>With what is stored apart of each; no more of them once that is large, but one at least (N4).</summary>
    private async ValueTask<List<OutcomeRow>> WithDetails(string tenant, IReadOnlyList<OutcomeFigure> figures,
        CancellationToken cancellation)
    {
        var (rows, bytes) = (new List<OutcomeRow>(figures.Count), 0L);
        foreach (var some in figures.Chunk(DetailsAtOnce))
        {
            if (bytes >= DetailBytes) break;
            var details = await _store.Details(tenant,
                [.. some.Where(figure => figure.HasDetail).Select(figure => figure.FirstSequence)], cancellation);
            var next = 0;
            foreach (var figure in some)
            {
                var json = figure.HasDetail ? details[next++]?.Json : null;
                bytes += json?.Length ?? 0;
                rows.Add(new OutcomeRow(figure, json));
            }
        }
        return rows;
    }

    public async ValueTask<SignalReader?> Signals(string tenant, long? after, CancellationToken cancellation = default)
    {
        for (;;)
        {
            Guard();
            if (await Find(tenant, false, cancellation) is not { } host) return null;
            var read = await host.InTurn(Lane.People, isShort: true, after,
                static (host, after) => host.Read(_ => host.Subscribe(after)), cancellation);
            var reader = read.Value;
            try
            {
                // Until then the reader is nobody's: what it was given must be durable first.
                if (await IsDurable(read.Seen, cancellation) && read.IsDone) return reader;
                reader?.Dispose();
            }
            catch
            {
                reader?.Dispose();
                throw;
            }
        }
    }

    /// <summary>Of the state as it lives; equal to that of its entries, folded anew.</summary>
    internal ValueTask<byte[]?> Digest(string tenant) =>
        Ask(tenant, state => state.Digest(), CancellationToken.None, Lane.Bulk);

    /// <summary>Reads the state in its turn, and answers when what was read is durable.</summary>
    /// <param name="lane">Bulk for what looks at more than a few things.</param>
    private async ValueTask<T?> Ask<T>(string tenant, Func<TenantState, T?> read, CancellationToken cancellation,
        Lane lane = Lane.People) where T : class
    {
        for (;;)
        {
            Guard();
            if (await Find(tenant, false, cancellation) is not { } host) return null;
            var done = await host.InTurn(lane, isShort: lane == Lane.People, read,
                static (host, read) => host.Read(read), cancellation);
            if (!await IsDurable(done.Seen, cancellation) || !done.IsDone) continue;
            Faults.Answered(tenant);
            return done.Value;
        }
    }
}
