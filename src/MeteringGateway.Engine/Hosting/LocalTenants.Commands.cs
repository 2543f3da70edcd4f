using System.Collections.Concurrent;
using System.Security.Cryptography;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

public sealed partial class LocalTenants
{
    private static readonly TimeSpan KeyLifetime = TimeSpan.FromHours(24);

    /// <summary>When a check is to come again that more is due for than one turn does.</summary>
    private static readonly TimeSpan CatchingUp = TimeSpan.FromSeconds(1);

    /// <summary>Turns of one work that bring it no further, one after another, before its caller is told to come again.
    /// </summary>
    internal const int MostInVain = 1_000;

    private static readonly Command[] Tock = [new Command.Tick(), new Command.Archive()];
    private readonly ConcurrentDictionary<string, bool> _ticking = new(StringComparer.Ordinal);

    public async ValueTask<Answer> Execute(string tenant, Command command, CancellationToken cancellation = default) =>
        (await Run(tenant, new Work([command], null, default), cancellation))[0];

    public async ValueTask<IReadOnlyList<Answer>> Execute(string tenant, IReadOnlyList<Command> commands,
        CancellationToken cancellation = default) =>
        commands.Count == 0 ? [] : await Run(tenant, new Work(commands, null, default), cancellation);

    public async ValueTask<Once> ExecuteOnce(string tenant, Command command, IdempotencyKey key,
        CancellationToken cancellation = default)
    {
        Guard();
        if (!_running.TryAdd(key.Key, true)) return new Once.StillRunning();
        // The caller may stop waiting; the key is free again only when the command has run.
        return await RunOnce(tenant, command, key).WaitAsync(cancellation);
    }

    private async Task<Once> RunOnce(string tenant, Command command, IdempotencyKey key)
    {
        try
        {
            var work = new Work([command], key, Now + KeyLifetime);
            var answers = await Run(tenant, work, CancellationToken.None);
            if (work.DoneBefore is not { } row) return new Once.Answered(answers[0], Replayed: false);
            return CryptographicOperations.FixedTimeEquals(row.Content, key.Content)
                ? new Once.Answered(EntryCodec.ReadAnswer(row.Answer), Replayed: true)
                : new Once.KeyReused();
        }
        finally
        {
            _running.TryRemove(key.Key, out _);
        }
    }

    /// <summary>
    /// All of the work in one turn and one flush, unless an archived outcome must be fetched, or more is due first than
    /// one turn does: then the rest follows in others, with room for everybody else's between.
    /// </summary>
    /// <exception cref="TenantFailedException">What was decided, or fetched, was out of date each time.</exception>
    private async ValueTask<Answer[]> Run(string tenant, Work work, CancellationToken cancellation)
    {
        var commands = work.Commands;
        for (var (inVain, reached) = (0, 0); ; inVain = work.Reached == reached ? inVain + 1 : 0)
        {
            if (inVain > MostInVain) throw new TenantFailedException(tenant, CatchingUp);
            reached = work.Reached;
            cancellation.ThrowIfCancellationRequested();
            Guard();
            await Committer.Room(cancellation);
            var host = await Find(tenant, work.Creates, cancellation);
            if (host is null) work.RefuseRest(Refusal.UnknownTenant, $"there is no tenant '{tenant}'");
            else if (await WasDoneBefore(tenant, work))
            {
                Committer.TryNext();
                return work.Answers;
            }
            else if (work.Next is var next && await Decide(host, work, cancellation) is { } seen)
            {
                if (!await IsDurable(seen, cancellation)) work.BackTo(next, reached);
                else if (work.Wanted is { } wanted) work.Recall(await Recall(tenant, wanted, cancellation));
            }
            if (!work.IsDone) continue;
            Faults.Answered(tenant);
            Committer.TryNext();
            for (var i = 0; i < commands.Count; i++) Instruments.Count(commands[i], work.Answers[i]);
            return work.Answers;
        }
    }

    private static ValueTask<Task?> Decide(TenantHost host, Work work, CancellationToken cancellation) =>
        host.InTurn(work.Lane, isShort: work.Commands.Count <= TenantHost.WholeSlice, work,
            static (host, work) => host.Decide(work), cancellation);

    /// <summary>
    /// Whether the work's key has been used. Asked when the tenant is in memory: a use that this does not see was
    /// written after the tenant was read, and then the turn that follows is not kept (its fence is lost).
    /// </summary>
    private async ValueTask<bool> WasDoneBefore(string tenant, Work work)
    {
        if (work.Key is not { } key
            || await _store.Idempotent(tenant, key.Key, CancellationToken.None) is not { } row
            || row.ExpiresAt <= Now) return false;
        work.DoneBefore = row;
        return true;
    }

    /// <summary>
    /// Waits for what was seen in a turn. False: another process wrote in between, and the tenant has to be asked anew.
    /// </summary>
    /// <exception cref="TenantUnavailableException">Nobody knows whether it is durable.</exception>
    private static async ValueTask<bool> IsDurable(Task seen, CancellationToken cancellation)
    {
        try
        {
            await seen.WaitAsync(cancellation);
            return true;
        }
        catch (LostFenceException)
        {
            return false;
        }
    }

    /// <summary>
    /// All of them at once. Everything that had left the tenant when it was asked for is durable: it is found, or it is
    /// not there.
    /// </summary>
    private async ValueTask<Dictionary<string, Outcome?>> Recall(string tenant, IReadOnlyCollection<string> outcomes,
        CancellationToken cancellation)
    {
        var stored = await _store.Archived(tenant, [.. outcomes], cancellation);
        var found = outcomes.Zip(stored, (id, bytes) => (id, Outcome: bytes is null ? null
            : EntryCodec.ReadOutcome(bytes))).ToDictionary(one => one.id, one => one.Outcome, StringComparer.Ordinal);
        // An alias stands for the outcome that it continued (O3).
        var roots = found.Values.Select(outcome => outcome?.ContinuationOf).OfType<string>().ToHashSet();
        if (roots.Count == 0) return found;
        var continued = await Recall(tenant, roots, cancellation);
        foreach (var (id, outcome) in found)
            if (outcome?.ContinuationOf is { } root) found[id] = continued[root];
        return found;
    }

    /// <summary>One that has left memory; null: it is in memory, or nowhere, as the tenant knows of most without
    /// looking (I3).</summary>
    private async ValueTask<Outcome?> Recall(string tenant, string outcomeId, CancellationToken cancellation) =>
        await Ask(tenant, state => state.IsInArchiveOnly(outcomeId) ? outcomeId : null, cancellation) is null ? null
            : (await Recall(tenant, (string[])[outcomeId], cancellation))[outcomeId];

    /// <summary>
    /// Does what is due for a tenant; of one that the store named, it sees to it that the store's due time moves on.
    /// </summary>
    internal Task Tick(string tenant, bool moved = true) => Guarded(() => TickNow(tenant, moved));

    private async Task TickNow(string tenant, bool moved)
    {
        // Each turn of a tenant that has much to do tells the timers: one of these at a time is enough.
        var mine = _ticking.TryAdd(tenant, true);
        if (!mine && moved) return;
        try
        {
            await Run(tenant, new Work(Tock, null, default), CancellationToken.None);
        }
        finally
        {
            if (mine) _ticking.TryRemove(tenant, out _);
        }
        if (!_hosts.TryGetValue(tenant, out var host)) return;
        var written = await host.InTurn(Lane.Bulk, isShort: true, moved,
            static (host, moved) => host.Reschedule() && !moved ? host.WriteDue() : Task.CompletedTask);
        await IsDurable(written, CancellationToken.None);
    }

    /// <summary>Does what is due for a tenant that lives here, though it may not be in memory.</summary>
    public Task Wake(string tenant)
    {
        Guard();
        return TickNow(tenant, moved: false);
    }

    internal async Task ExpireKeys() => await _store.Expire(Now, CancellationToken.None);

    public ValueTask<Decision?> Check(string tenant, Question question, CancellationToken cancellation = default) =>
        TryCheck(tenant, question, out var decision) ? new(decision) : CheckInTurn(tenant, question, cancellation);

    /// <summary>
    /// Answers from the view of a tenant that is in memory, as most checks are; false if there is none, or something
    /// is due.
    /// </summary>
    /// <param name="decision">As <see cref="Check"/> answers.</param>
    public bool TryCheck(string tenant, Question question, out Decision? decision)
    {
        if (Volatile.Read(ref _failure) is null && !Volatile.Read(ref _stopping)
            && _hosts.TryGetValue(tenant, out var host)
            && host.View is { } view && !host.IsRetired && host.Asked() is var now && now < view.ValidUntil)
        {
            decision = Counted(view.Check(question, now));
            return true;
        }
        decision = null;
        return false;
    }

    /// <summary>Something is due, or the tenant is not in memory.</summary>
    /// <exception cref="TenantFailedException">So much is due that the answer would have to wait.</exception>
    private async ValueTask<Decision?> CheckInTurn(string tenant, Question question, CancellationToken cancellation)
    {
        for (;;)
        {
            Guard();
            if (await Find(tenant, false, cancellation) is not { } host) return null;
            var now = host.Asked();
            if (host.View is { } valid && !host.IsRetired && now < valid.ValidUntil)
                return Counted(valid.Check(question, now));
            var made = await host.InTurn(Lane.People, isShort: true, 0, static (host, _) => host.MakeView(),
                cancellation);
            if (made.IsBehind) throw new TenantFailedException(tenant, CatchingUp);
            if (made.IsDone) return Counted(made.Value?.Check(question, now));
            await IsDurable(made.Seen, cancellation);
        }
    }

    private static Decision? Counted(Decision? decision)
    {
        if (decision is not null) Instruments.Count(decision);
        return decision;
    }
}
