using System.Globalization;
using System.Text.Json.Nodes;

namespace MeteringGateway.LoadTests.Silos.Campaign;

/// <summary>
/// Many callers at once: events in every form, some twice or again, checks, and reservations that are held a little.
/// Each caller sends what was not answered again, through another silo, until it is.
/// </summary>
internal sealed class Load(string name, IReadOnlyList<string> tenants, Caller caller, Ledger ledger, int seed)
{
    private const int Callers = 20;
    private const string Type = "support.resolution";
    private volatile bool _stopping;
    private Task _all = Task.CompletedTask;
    private Task _burst = Task.CompletedTask;

    public Ledger Ledger => ledger;

    public void Start() =>
        _all = Task.WhenAll(Enumerable.Range(0, Callers).Select(number => Task.Run(() => Call(number))));

    /// <summary>Callers finish what they are about; what is unknown by then stays unknown.</summary>
    public async Task Stop()
    {
        _stopping = true;
        await Task.WhenAll(_all, _burst);
    }

    /// <summary>
    /// Some more reservations and events for these tenants at once, the first time through this silo.
    /// </summary>
    public void Burst(int silo, IReadOnlyList<string> of) =>
        _burst = Task.WhenAll(of.SelectMany((tenant, t) => Enumerable.Range(0, 4).Select(i => Task.Run(() =>
    {
        var random = new Random(seed * 100 + Callers + 4 * t + i);
        var id = string.Create(CultureInfo.InvariantCulture, $"{name}-burst-{t}-{i}");
        return i % 2 == 0 ? Hold(id, tenant, random, silo) : Until([Event(tenant, id, 2)], random, silo);
    }))));

    private async Task Call(int number)
    {
        var random = new Random(seed * 100 + number);
        var recent = new List<SentEvent>();
        for (var step = 0; !_stopping; step++)
        {
            switch (random.Next(100))
            {
                case < 60: await Report(New(number, step, random), random, recent); break;
                case < 72 when recent.Count > 0: await Report([.. recent.TakeLast(random.Next(1, 9))], random, recent);
                    break;
                case < 85: await Check(tenants[random.Next(tenants.Count)], random); break;
                default:
                    await Hold(string.Create(CultureInfo.InvariantCulture, $"{name}-{number}-{step}"),
                        tenants[random.Next(tenants.Count)], random); break;
            }
            await Task.Delay(random.Next(10, 60));
        }
    }

    private List<SentEvent> New(int number, int step, Random random) =>
        [.. Enumerable.Range(0, random.Next(1, 7)).Select(i =>
    {
        var tenant = tenants[random.Next(tenants.Count)];
        return Event(tenant, string.Create(CultureInfo.InvariantCulture, $"{name}-{number}-{step}-{i}"),
            random.Next(1, 4));
    })];

    private static SentEvent Event(string tenant, string id, int units) => new(tenant, id, units,
        $$$"""{"specversion":"1.0","id":"{{{id}}}","source":"/campaign","type":"outcome.reported","subject":"{{{tenant}}}","data":{"outcome_type":"{{{Type}}}","quantity":{{{units}}},"session":"{{{id}}}"}}""");

    private async Task Report(IReadOnlyList<SentEvent> events, Random random, List<SentEvent> recent)
    {
        // Now and then the same through two silos at once.
        if (random.Next(10) == 0)
            await Task.WhenAll(Until(events, new Random(random.Next())), Until(events, new Random(random.Next())));
        else await Until(events, random);
        recent.AddRange(events);
        if (recent.Count > 100) recent.RemoveRange(0, 50);
    }

    private async Task Until(IReadOnlyList<SentEvent> events, Random random, int? first = null)
    {
        for (var through = first; !await Send(events, random, through); through = null)
        {
            if (_stopping) return;
            await Task.Delay(50);
        }
    }

    /// <summary>False: unknown.</summary>
    public async Task<bool> Send(IReadOnlyList<SentEvent> events, Random random, int? through = null)
    {
        var known = ledger.Send(events);
        var (type, body) = random.Next(3) switch
        {
            0 when events.Count == 1 => ("application/cloudevents+json", events[0].Json),
            1 => ("application/x-ndjson", string.Join('\n', events.Select(e => e.Json)) + "\n"),
            _ => ("application/cloudevents-batch+json", "[" + string.Join(',', events.Select(e => e.Json)) + "]"),
        };
        if (await caller.Send(HttpMethod.Post, "/v1/events", body, type, random, only: through) is not { } reply)
            return false;
        return ledger.Record(events, known, reply, stream: type.EndsWith("ndjson", StringComparison.Ordinal));
    }

    private async Task Check(string tenant, Random random)
    {
        var told = ledger.Told(tenant);
        if (await caller.Send(HttpMethod.Post, $"/v1/tenants/{tenant}/check", $$"""{"outcome_type":"{{Type}}"}""",
            "application/json", random) is not { } reply) return;
        if (reply.Status == 200) ledger.Tell(tenant, (long)JsonNode.Parse(reply.Body)!["sequence"]!, told, reply.Silo);
        else ledger.Contradict($"{reply.Status} for a check of {tenant}: {reply.Body}");
    }

    private async Task Hold(string key, string tenant, Random random, int? first = null)
    {
        ledger.Reserve(key, tenant);
        string? reservation;
        for (var through = first; ; through = null)
        {
            (var known, reservation) = await Reserve(key, tenant, random, through);
            if (known) break;
            if (_stopping) return;
            await Task.Delay(50);
        }
        if (reservation is null) return;
        await Task.Delay(random.Next(0, 100));
        while (!await Release(key, tenant, reservation, random) && !_stopping) await Task.Delay(50);
    }

    /// <summary>Not known: the same key is to be sent again.</summary>
    public async Task<(bool Known, string? Reservation)> Reserve(string key, string tenant, Random random,
        int? through = null)
    {
        var body = $$"""{"outcome_type":"{{Type}}","quantity":10,"ttl":"PT1H"}""";
        var reply = await caller.Send(HttpMethod.Post, $"/v1/tenants/{tenant}/reservations", body, "application/json",
            random, key, only: through);
        // 409: the first request with this key is still running, somewhere.
        if (reply is null or { Status: 409 }) return (false, null);
        if (reply.Status is not (200 or 201))
        {
            ledger.Contradict($"{reply.Status} for a reservation of {tenant}: {reply.Body}");
            return (true, null);
        }
        var reservation = (string?)JsonNode.Parse(reply.Body)!["reservation"]?["id"];
        ledger.Reserved(key, reservation);
        return (true, reservation);
    }

    /// <summary>False: unknown.</summary>
    public async Task<bool> Release(string key, string tenant, string reservation, Random random)
    {
        if (await caller.Send(HttpMethod.Delete, $"/v1/tenants/{tenant}/reservations/{reservation}", null, "",
            random) is not { } reply) return false;
        if (reply.Status == 204) ledger.Released(key);
        else ledger.Contradict($"{reply.Status} for a release in {tenant}: {reply.Body}");
        return true;
    }
}
