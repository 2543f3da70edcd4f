using System.Globalization;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Silos.Campaign;

/// <summary>
/// One round: new tenants, load through every silo, a fault, everything once more, and the comparison.
/// </summary>
internal sealed class Round(LoadCluster cluster, Faults faults, Audit audit, Totals totals, int seed)
{
    private const int Capped = 6;
    private const int Free = 3;
    private const int Levels = 12;
    private const int ResendAtOnce = 100;
    private static readonly TimeSpan Resending = TimeSpan.FromSeconds(90);
    private readonly Random _random = new(seed);

    public async Task<string> Run(Fault fault)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"r{seed}");
        var capped = await Tenants(name + "-capped", Capped, caps: true);
        List<string> tenants = [.. capped, .. await Tenants(name + "-free", Free, caps: false)];
        using var caller = new Caller(cluster.Silos, TimeSpan.FromSeconds(3));
        var (ledger, listeners) = (new Ledger(), new List<SignalListener>());
        try
        {
            for (var i = 0; i < capped.Count; i++) listeners.Add(new SignalListener(capped[i], cluster.Silos, i));
            await Task.WhenAll(listeners.Select(listener => listener.Start()));
            var load = new Load(name, tenants, caller, ledger, seed);
            load.Start();
            await Task.Delay(_random.Next(1500, 3500));
            var done = await faults.Do(fault, tenants, load, _random);
            await Task.Delay(_random.Next(200, 800));
            await load.Stop();
            await Settle(load, ledger);
            return $"{done}; {await Compare(tenants, ledger, listeners)}";
        }
        finally
        {
            foreach (var listener in listeners) await listener.DisposeAsync();
        }
    }

    private async Task<List<string>> Tenants(string name, int count, bool caps)
    {
        var gateway = cluster.Silos[_random.Next(cluster.Silos.Count)].Gateway;
        var names = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"{name}-{i}");
            await gateway.PutPlan(id,
                $$$"""{"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT72H"}]{{{(caps ? $",\"caps\":[{Caps()}]" : "")}}}}""");
            await gateway.PutTenant(id, id);
            names.Add(id);
        }
        return names;
    }

    /// <summary>One that holds, and some below it that only tell: each is a signal.</summary>
    private string Caps()
    {
        var limit = _random.Next(100, 800);
        string Cap(string id, int units, string action) => string.Create(CultureInfo.InvariantCulture,
            $$$"""{"id":"{{{id}}}","limit":{"units":{{{units}}}},"at_limit":{"action":"{{{action}}}"}}""");
        return string.Join(',', Enumerable.Range(1, Levels)
            .Select(i => Cap($"level-{i:D2}", i * limit / (Levels + 1), "notify"))
            .Append(Cap("monthly", limit, "pause")));
    }

    /// <summary>Everything once more, until everything is answered.</summary>
    private async Task Settle(Load load, Ledger ledger)
    {
        var until = Environment.TickCount64 + (long)Resending.TotalMilliseconds;
        await Task.WhenAll(ledger.All.OrderBy(e => e.Id, StringComparer.Ordinal).Chunk(ResendAtOnce).Chunk(8)
            .Select((chunks, i) => Task.Run(async () =>
        {
            var random = new Random(seed + i);
            foreach (var chunk in chunks)
                while (!await load.Send(chunk, random) && Environment.TickCount64 < until)
                    await Task.Delay(100);
        })));
        for (var left = ledger.Unsettled; left.Count > 0 && Environment.TickCount64 < until; left = ledger.Unsettled)
        {
            foreach (var (key, tenant, reservation) in left)
                if (reservation is null) await load.Reserve(key, tenant, _random);
                else await load.Release(key, tenant, reservation, _random);
        }
        if (ledger.Acknowledged < ledger.Sent)
            totals.Failures.Add(
                $"{ledger.Sent - ledger.Acknowledged} of {ledger.Sent} events were not answered when all was well again");
        if (ledger.Unsettled.Count > 0)
            totals.Failures.Add($"{ledger.Unsettled.Count} reservations were not settled when all was well again");
    }

    private async Task<string> Compare(IReadOnlyList<string> tenants, Ledger ledger,
        IReadOnlyList<SignalListener> listeners)
    {
        totals.Failures.AddRange(ledger.Contradictions);
        var (entries, signals) = (0L, 0L);
        foreach (var tenant in tenants)
        {
            var audited = await audit.Tenant(tenant, [.. ledger.Of(tenant)], ledger.Reservations(tenant).Count);
            totals.Failures.AddRange(audited.Failures);
            (entries, signals) = (entries + audited.Entries, signals + audited.Signals.Count);
            if (audited.HadSnapshot) totals.Snapshots++;
            if (listeners.FirstOrDefault(listener => listener.Tenant == tenant) is { } listener)
                totals.Failures.AddRange(await Told(listener, audited.Signals));
            totals.Failures.AddRange(await Figures(tenant, ledger));
            totals.Reservations += ledger.Reservations(tenant).Count;
        }
        (totals.Entries, totals.Signals, totals.Events) =
            (totals.Entries + entries, totals.Signals + signals, totals.Events + ledger.Sent);
        return string.Create(CultureInfo.InvariantCulture,
            $"{ledger.Sent:N0} events, {entries:N0} entries, {signals} signals over {listeners.Sum(listener => listener.Connections)} streams");
    }

    /// <summary>A signal may be on its way still.</summary>
    private static async Task<List<string>> Told(SignalListener listener, IReadOnlyCollection<long> signals)
    {
        for (var attempt = 0; attempt < 150 && listener.Compare(signals).Count > 0; attempt++) await Task.Delay(100);
        return listener.Compare(signals);
    }

    /// <summary>What the silos answer now, whichever is asked.</summary>
    private async Task<List<string>> Figures(string tenant, Ledger ledger)
    {
        var failures = new List<string>();
        var units = ledger.Of(tenant).Sum(e => (long)e.Units);
        foreach (var silo in cluster.Silos)
        {
            var type = (await silo.Gateway.Usage(tenant))?["outcome_types"]?.AsArray().FirstOrDefault();
            var reported = (long?)type?["reported"] ?? 0;
            if (reported != units)
                failures.Add(
                    $"{tenant} through silo {silo.Number}: {reported} units are counted of {units} that were sent");
            if (type is not null && (long)type["pending"]! + ((long?)type["non_billable"]?["over_cap"] ?? 0) != units)
                failures.Add(
                    $"{tenant} through silo {silo.Number}: {type["pending"]} pending and {type["non_billable"]} are not {units}");
        }
        return failures;
    }
}
