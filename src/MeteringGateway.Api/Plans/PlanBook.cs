using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Plans;

/// <summary>Every version of every plan, and each tenant's negotiated terms. Versions are only ever added.</summary>
internal sealed class PlanBook(TimeProvider clock, MeteringSettings settings, ILogger<PlanBook> log)
{
    public const string PlanKind = "plan";
    public const string TermsKind = "terms";

    private readonly ConcurrentDictionary<string, ImmutableArray<PlanVersionWire>> _plans = new(StringComparer.Ordinal);
    /// <summary>Versions of a tenant's own terms in a day (N4): they are kept for good.</summary>
    private const int TermsADay = 1_000;

    private long _planBytes; // of all versions, as they are stored

    private readonly ConcurrentDictionary<string, OwnVersion> _terms = new(StringComparer.Ordinal);

    private readonly Unreadable _unreadablePlans = new("plan", log);
    private readonly Unreadable _unreadableTerms = new("terms of tenant", log);

    public async Task Load(IStore store, CancellationToken cancellation)
    {
        foreach (var document in await store.Documents(PlanKind, cancellation)) Take(document);
        foreach (var document in await store.NewestDocuments(TermsKind, cancellation)) Take(document);
    }

    /// <summary>
    /// Takes note of a version that is stored, readable or not; of one that is known it does nothing.
    /// </summary>
    public void Take(Document document)
    {
        var isPlan = document.Kind == PlanKind;
        var content = (isPlan ? _unreadablePlans : _unreadableTerms)
            .Read(document.Id, document.Version, () => Read(document.Content));
        if (content is null) return;
        if (isPlan) Take(new PlanVersionWire(document.Id, document.Version, document.At.ToString(), content),
            document.Content.Length);
        else TakeTerms(document.Id, document.Version, content, document.At);
    }

    /// <summary>The newest version of each plan, by id.</summary>
    public IEnumerable<PlanVersionWire> Newest =>
        _plans.Values.Select(versions => versions[^1]).OrderBy(plan => plan.Id, StringComparer.Ordinal);

    /// <param name="version">Null: the newest.</param>
    /// <exception cref="ProblemException">It may be one that cannot be read.</exception>
    public PlanVersionWire? Find(string id, int? version)
    {
        var versions = _plans.GetValueOrDefault(id, []);
        if (version is not null && versions.FirstOrDefault(plan => plan.Version == version) is { } found) return found;
        _unreadablePlans.Demand(id, version is null && versions is [.., var last] ? last.Version : 0);
        return version is null && versions.Length > 0 ? versions[^1] : null;
    }

    /// <summary>Adds a version, unless the newest says the same. The caller has the plan's turn.</summary>
    /// <exception cref="ProblemException">409 <c>too_many_changes</c>.</exception>
    public async Task<(PlanVersionWire Plan, bool Added)> Put(IStore store, string id, PlanWire plan, string actor,
        CancellationToken cancellation)
    {
        var newest = Find(id, null);
        if (newest is not null && Write(newest.Plan).AsSpan().SequenceEqual(Write(plan))) return (newest, false);
        var now = Instant.From(clock.GetUtcNow());
        var content = Write(plan);
        if (Interlocked.Read(ref _planBytes) + content.Length > settings.Limits.PlanBytes)
            throw new ProblemException(new Problem(StatusCodes.Status409Conflict,
                Names<Refusal>.Of(Refusal.TooManyChanges),
                $"All versions of all plans together have at most {settings.Limits.PlanBytes} bytes."));
        var added = new PlanVersionWire(id, (newest?.Version ?? 0) + 1, now.ToString(), plan);
        if (!await store.Put(new Document(PlanKind, id, added.Version, now, actor, content), cancellation))
            throw new ProblemException(Problem.ChangedMeanwhile());
        Take(added, content.Length);
        return (added, true);
    }

    /// <summary>A tenant's own overrides; null if it has none.</summary>
    /// <exception cref="ProblemException">They cannot be read.</exception>
    public PlanWire? TermsOf(string tenant)
    {
        var own = _terms.GetValueOrDefault(tenant);
        _unreadableTerms.Demand(tenant, own?.Version ?? 0);
        return own?.Terms;
    }

    /// <summary>The version that replaces a tenant's overrides; null where they say the same. The caller has the
    /// tenant's turn.</summary>
    /// <exception cref="ProblemException">409 <c>too_many_changes</c>.</exception>
    public Command.OwnTerms? NextTerms(string tenant, PlanWire own, string actor)
    {
        var before = _terms.GetValueOrDefault(tenant);
        _unreadableTerms.Demand(tenant, before?.Version ?? 0);
        if (before is not null && Write(before.Terms).AsSpan().SequenceEqual(Write(own))) return null;
        if (before?.Times >= TermsADay && before.Day == Day(Instant.From(clock.GetUtcNow())))
            throw new ProblemException(new Problem(StatusCodes.Status409Conflict,
                Names<Refusal>.Of(Refusal.TooManyChanges),
                $"A tenant's own terms are written at most {TermsADay} times a day, whether they mean another thing "
                    + "or not."));
        return new Command.OwnTerms(TermsKind, (before?.Version ?? 0) + 1, actor, Write(own));
    }

    /// <summary>The tenant has taken them, and they are stored with what it took.</summary>
    public async Task TermsTaken(IStore store, string tenant, Command.OwnTerms next, PlanWire own,
        CancellationToken cancellation)
    {
        // They are not if the tenant lives on a silo of a version that knew nothing of them. Otherwise it does nothing.
        var now = Instant.From(clock.GetUtcNow());
        await store.Put(new Document(next.Kind, tenant, next.Version, now, next.By, next.Content), cancellation);
        TakeTerms(tenant, next.Version, own, now);
    }

    private void Take(PlanVersionWire plan, int bytes)
    {
        while (true)
        {
            var known = _plans.GetValueOrDefault(plan.Id);
            if (known.IsDefault ? !_plans.TryAdd(plan.Id, [plan])
                : !known.Any(one => one.Version == plan.Version) && !_plans.TryUpdate(plan.Id,
                    known.Add(plan).Sort((one, other) => one.Version.CompareTo(other.Version)), known)) continue;
            if (known.IsDefault || !known.Any(one => one.Version == plan.Version))
                Interlocked.Add(ref _planBytes, bytes);
            return;
        }
    }

    private void TakeTerms(string tenant, int version, PlanWire own, Instant at) => _terms.AddOrUpdate(tenant,
        _ => new OwnVersion(version, own, Day(at), 1),
        (_, known) => known.Version >= version ? known
            : new OwnVersion(version, own, Day(at), known.Day == Day(at) ? known.Times + 1 : 1));

    private static long Day(Instant time) => time.UnixMilliseconds / (long)TimeSpan.FromDays(1).TotalMilliseconds;

    /// <param name="Times">How often they were written on that day, as far as this process has seen.</param>
    private sealed record OwnVersion(int Version, PlanWire Terms, long Day, int Times);

    private static byte[] Write(PlanWire plan) =>
        JsonSerializer.SerializeToUtf8Bytes(plan, StoredDocument.Typed<PlanWire>());

    private static PlanWire? Read(byte[] content) =>
        JsonSerializer.Deserialize(content, StoredDocument.Typed<PlanWire>());
}
