using System.Collections.Concurrent;
using System.Diagnostics;
using MeteringGateway.Api.Operations;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using Orleans.Serialization;
using StackExchange.Redis;

namespace MeteringGateway.Cluster.Grains;

/// <summary>
/// The tenants of the whole cluster, from any silo. While a tenant moves from a silo that died to another, what can
/// safely be asked twice is asked again until it answers or <see cref="ClusterSettings.Patience"/> is over.
/// </summary>
internal sealed partial class ClusterTenants(IGrainFactory grains, LocalTenants local, Stays stays, SiloLease lease,
    IStore store, EngineOptions engine, ClusterSettings settings, IConnectionMultiplexer redis) : ITenants
{
    /// <summary>So many references are kept, for the tenants that were asked for last; some 20 MB.</summary>
    private const int MostKept = 100_000;

    private readonly ConcurrentDictionary<string, ITenantGrain> _kept = new(StringComparer.Ordinal);

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(500);

    public async ValueTask<Answer> Execute(string tenant, Command command, CancellationToken cancellation = default) =>
        (await Execute(tenant, [command], cancellation))[0];

    public async ValueTask<IReadOnlyList<Answer>> Execute(string tenant, IReadOnlyList<Command> commands,
        CancellationToken cancellation = default)
    {
        if (commands.Count == 0) return [];
        Command[] all = [.. commands];
        // An event counts once however often it is sent (I1); another command without a key may not be given twice.
        return await Call(tenant, grain => grain.Execute(all, cancellation),
            mayRepeat: Array.TrueForAll(all, one => one is Command.Event), cancellation);
    }

    public async ValueTask<Once> ExecuteOnce(string tenant, Command command, IdempotencyKey key,
        CancellationToken cancellation = default)
    {
        var isRepeat = false;
        return await Call(tenant, async grain =>
        {
            var mayBeOurs = isRepeat;
            isRepeat = true;
            var once = await grain.ExecuteOnce(command, key, cancellation);
            // What runs is what an earlier call of this caller began: it has an answer soon.
            return mayBeOurs && once is Once.StillRunning
                ? throw new TenantUnavailableException("an earlier call with the same key is still under way") : once;
        }, mayRepeat: true, cancellation);
    }

    /// <summary>
    /// Of a tenant that lives here, answered without a call (A1): the lease is looked at when the answer is there, so
    /// that nothing is answered that was known before it ended.
    /// </summary>
    public ValueTask<Decision?> Check(string tenant, Question question, CancellationToken cancellation = default) =>
        stays.MayAnswer(tenant) && local.TryCheck(tenant, question, out var decision) && lease.IsHeld ? new(decision)
            : CheckByCall(tenant, question, cancellation);

    private async ValueTask<Decision?> CheckByCall(string tenant, Question question, CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            return await Grain(tenant).Check(question, cancellation);
        }
        catch (Exception failure) when (IsPassing(failure, cancellation))
        {
            return await Call(tenant, grain => grain.Check(question, cancellation).AsTask(), mayRepeat: true,
                cancellation, began);
        }
    }

    public ValueTask<TenantFigure?> Tenant(string tenant, CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.Tenant(cancellation), cancellation);

    public ValueTask<Usage?> Usage(string tenant, DateOnly? period, CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.Usage(period, cancellation), cancellation);

    public ValueTask<Quality?> Quality(string tenant, DateOnly? period, CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.Quality(period, cancellation), cancellation);

    public ValueTask<UsageSeries?> Series(string tenant, SeriesQuestion question,
        CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.Series(question, cancellation), cancellation);

    public ValueTask<CapPreview?> PreviewCaps(string tenant, IReadOnlyList<Cap> caps,
        CancellationToken cancellation = default)
    {
        Cap[] all = [.. caps];
        return Ask(tenant, grain => grain.PreviewCaps(all, cancellation), cancellation);
    }

    public ValueTask<SessionFigure?> Session(string tenant, string session,
        CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.Session(session, cancellation), cancellation);

    public ValueTask<StatementRow?> Statement(string tenant, DateOnly? period,
        CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.Statement(period, cancellation), cancellation);

    public ValueTask<Page<StatementRow>?> Statements(string tenant, DateOnly? before, int limit,
        CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.Statements(before, limit, cancellation), cancellation);

    public async ValueTask<IReadOnlyList<GrantFigure>?> Grants(string tenant,
        CancellationToken cancellation = default) =>
        await Ask(tenant, grain => grain.Grants(cancellation), cancellation);

    public async ValueTask<IReadOnlyList<ThresholdFigure>?> Thresholds(string tenant,
        CancellationToken cancellation = default) =>
        await Ask(tenant, grain => grain.Thresholds(cancellation), cancellation);

    public async ValueTask<IReadOnlyList<RaisedAlert>?> Alerts(string tenant, DateOnly? period, long? before, int limit,
        CancellationToken cancellation = default) =>
        await Ask(tenant, grain => grain.Alerts(period, before, limit, cancellation), cancellation);

    public ValueTask<Page<Dispute>?> Disputes(string tenant, DisputeStatus? status, long? before, int limit,
        CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.Disputes(status, before, limit, cancellation), cancellation);

    public ValueTask<IReadOnlyList<TenantInNeed>> Attention(
        IReadOnlyCollection<string>? among, TenantInNeed? after, int limit, CancellationToken cancellation = default) =>
        store.Attention(among, after, limit, cancellation);

    public ValueTask<Need?> Need(string tenant, CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.Need(cancellation), cancellation);

    public ValueTask<Page<OutcomeRow>?> Outcomes(string tenant, OutcomeFilter filter, long? cursor, int limit,
        CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.Outcomes(filter, cursor, limit, cancellation), cancellation);

    public ValueTask<OutcomeRow?> Outcome(string tenant, string outcomeId, CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.Outcome(outcomeId, cancellation), cancellation);

    /// <summary>
    /// In one call, unless the tenant's silo is of before there was that call: it is asked for each part.
    /// </summary>
    public async ValueTask<Inspected?> Inspect(string tenant, string outcomeId,
        CancellationToken cancellation = default)
    {
        try
        {
            return await Ask(tenant, grain => grain.Inspect(outcomeId, cancellation), cancellation);
        }
        catch (TenantUnavailableException unknown) when (unknown.InnerException is { } why && IsForeign(why))
        {
            if (await Tenant(tenant, cancellation) is not { } figure) return null;
            var row = await Outcome(tenant, outcomeId, cancellation);
            return new Inspected(figure.Terms.Currency, row,
                row is null ? [] : await History(tenant, outcomeId, cancellation) ?? []);
        }
    }

    public async ValueTask<IReadOnlyList<JournalEntry>?> History(string tenant, string outcomeId,
        CancellationToken cancellation = default) =>
        await Ask(tenant, grain => grain.History(outcomeId, cancellation), cancellation);

    public ValueTask<Page<JournalEntry>?> Entries(string tenant, long after, int limit,
        CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.Entries(after, limit, cancellation), cancellation);

    public ValueTask<EntryProof?> ProveOutcome(string tenant, string outcomeId,
        CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.ProveOutcome(outcomeId, cancellation), cancellation);

    public ValueTask<EntryProof?> ProveEntry(string tenant, long sequence, CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.ProveEntry(sequence, cancellation), cancellation);

    public ValueTask<Page<DayHead>?> Heads(string tenant, DateOnly? before, int limit,
        CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.Heads(before, limit, cancellation), cancellation);

    public ValueTask<Erased> Erase(string tenant, string endCustomer, Actor actor,
        CancellationToken cancellation = default) =>
        Erasure.Run(this, store, tenant, endCustomer, actor, cancellation);

    public ValueTask<ReservationFigure?> Reservation(string tenant, string id,
        CancellationToken cancellation = default) =>
        Ask(tenant, grain => grain.Reservation(id, cancellation), cancellation);

    public async ValueTask<IReadOnlyList<HeldFigure>?> Reservations(string tenant, string? after, int limit,
        CancellationToken cancellation = default) =>
        await Ask(tenant, grain => grain.Reservations(after, limit, cancellation), cancellation);

    public ValueTask<IReadOnlyList<string>> List(string? after, int limit, CancellationToken cancellation = default) =>
        store.List(after, limit, cancellation);

    public int Failing => local.Failing;

    public string? Trouble => local.Trouble ?? RedisStores.Trouble(redis);

    /// <summary>Making a reference costs as much as all else that a call to this silo costs.</summary>
    private ITenantGrain Grain(string tenant)
    {
        if (_kept.TryGetValue(tenant, out var kept)) return kept;
        if (_kept.Count >= MostKept) _kept.Clear();
        return _kept[tenant] = grains.GetGrain<ITenantGrain>(tenant);
    }

    private async ValueTask<T?> Ask<T>(string tenant, Func<ITenantGrain, Task<T?>> ask, CancellationToken cancellation)
        where T : class =>
        await Call(tenant, ask, mayRepeat: true, cancellation);

    /// <summary>
    /// One time for all of it, repeated calls included. A call that is still under way when it is over goes on without
    /// its caller.
    /// </summary>
    /// <param name="began">Timestamp from which the time counts; 0: now.</param>
    /// <param name="longer">What is asked takes so much longer by its nature.</param>
    private async Task<T> Call<T>(string tenant, Func<ITenantGrain, Task<T>> call, bool mayRepeat,
        CancellationToken cancellation, long began = 0, TimeSpan longer = default)
    {
        if (began == 0) began = Stopwatch.GetTimestamp();
        for (var wait = FirstWait; ; wait = wait * 2 < LongestWait ? wait * 2 : LongestWait)
        {
            try
            {
                return await call(Grain(tenant)).WaitAsync(Left(began, longer), cancellation);
            }
            catch (Exception failure) when (IsPassing(failure, cancellation))
            {
                if (!mayRepeat || Left(began, longer) <= wait) throw Unavailable(failure);
            }
            catch (Exception failure) when (IsForeign(failure))
            {
                throw Unavailable(failure);
            }
            await Task.Delay(wait, cancellation);
        }
    }

    private TimeSpan Left(long began, TimeSpan longer)
    {
        var left = settings.Patience + longer - Stopwatch.GetElapsedTime(began);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private static TenantUnavailableException Unavailable(Exception failure) =>
        failure as TenantUnavailableException
            ?? new TenantUnavailableException(failure.Message.TrimEnd('.'), failure);

    /// <summary>
    /// The silo died, is stopping or is cut off, or its store did not answer: whether what was asked was done is
    /// unknown.
    /// </summary>
    internal static bool IsPassing(Exception failure, CancellationToken cancellation) => failure switch
    {
        StoreFullException => false, // nothing was done, and asking again makes no room
        OrleansException or TimeoutException or TenantUnavailableException or StoreException => true,
        // It ends, and the tenant goes elsewhere: this silo's own store has not failed.
        StoreFailedException or ObjectDisposedException => true,
        OperationCanceledException => !cancellation.IsCancellationRequested,
        _ => false,
    };

    /// <summary>
    /// What a silo of another version says and this one cannot read, or the other way round; of a call that the other
    /// does not know, the type cannot be loaded.
    /// </summary>
    private static bool IsForeign(Exception failure) =>
        failure is SerializerException or UnavailableExceptionFallbackException or TypeLoadException;
}
