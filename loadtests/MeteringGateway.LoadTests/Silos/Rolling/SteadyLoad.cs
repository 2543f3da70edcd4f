using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using MeteringGateway.LoadTests.Silos.Campaign;

namespace MeteringGateway.LoadTests.Silos.Rolling;

/// <summary>
/// The same load from beginning to end, on a schedule that no answer holds up: checks, events, and reservations that
/// are released at once. What was not answered is sent again, with the same id or key, until it is; each sending is
/// counted by itself.
/// </summary>
internal sealed class SteadyLoad(IReadOnlyList<string> tenants, Balancer balancer, Ledger ledger, Answers answers)
{
    private const string Type = "support.resolution";
    private volatile bool _stopping;
    private Task _running = Task.CompletedTask;

    /// <param name="perSecond">Requests; of twenty, ten are checks, nine events and one a reservation.</param>
    public void Start(int perSecond) => _running = Task.Run(() => Run(perSecond));

    /// <summary>Whatever is under way is finished, which may take as long as it is not answered.</summary>
    public async Task Stop()
    {
        _stopping = true;
        await _running;
    }

    private async Task Run(int perSecond)
    {
        var (start, underWay) = (Stopwatch.GetTimestamp(), new List<Task>());
        for (var number = 0; !_stopping; number++)
        {
            var due = start + (long)(number * (double)Stopwatch.Frequency / perSecond);
            var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
            if (wait > TimeSpan.Zero) await Task.Delay(wait);
            var one = number;
            underWay.Add(Task.Run(() => One(one, due)));
            if (underWay.Count % 1000 == 0) underWay.RemoveAll(task => task.IsCompletedSuccessfully);
        }
        await Task.WhenAll(underWay);
    }

    private Task One(int number, long due)
    {
        var tenant = tenants[number % tenants.Count];
        var id = string.Create(CultureInfo.InvariantCulture, $"rolling-{number}");
        return (number % 20) switch
        {
            < 10 => Check(tenant, due),
            < 19 => Report(tenant, id, due),
            _ => Hold(tenant, id, due),
        };
    }

    private async Task Check(string tenant, long due)
    {
        var told = ledger.Told(tenant);
        var reply = await Send("check", HttpMethod.Post, $"/v1/tenants/{tenant}/check",
            $$"""{"outcome_type":"{{Type}}"}""", "application/json", null, due);
        if (reply is { Status: 200 })
            ledger.Tell(tenant, (long)JsonNode.Parse(reply.Body)!["sequence"]!, told, reply.Silo);
    }

    private async Task Report(string tenant, string id, long due)
    {
        var e = new SentEvent(tenant, id, 1,
            $$$"""{"specversion":"1.0","id":"{{{id}}}","source":"/rolling","type":"outcome.reported","subject":"{{{tenant}}}","data":{"outcome_type":"{{{Type}}}","session":"{{{id}}}"}}""");
        var known = ledger.Send([e]);
        var reply = await Until("event", HttpMethod.Post, "/v1/events", e.Json, "application/cloudevents+json", null,
            due);
        ledger.Record([e], known, reply, stream: false);
    }

    private async Task Hold(string tenant, string key, long due)
    {
        ledger.Reserve(key, tenant);
        var made = await Until("reservation", HttpMethod.Post, $"/v1/tenants/{tenant}/reservations",
            $$"""{"outcome_type":"{{Type}}","quantity":1,"ttl":"PT1H"}""", "application/json", key, due);
        if (made.Status is not (200 or 201)) return;
        var reservation = (string?)JsonNode.Parse(made.Body)!["reservation"]?["id"];
        ledger.Reserved(key, reservation);
        if (reservation is null) return;
        var released = await Until("release", HttpMethod.Delete, $"/v1/tenants/{tenant}/reservations/{reservation}",
            null, "", null, Stopwatch.GetTimestamp());
        if (released.Status == 204) ledger.Released(key);
    }

    /// <summary>Again until the answer is known.</summary>
    private async Task<Reply> Until(string kind, HttpMethod method, string path, string? body, string type, string? key,
        long due)
    {
        while (true)
        {
            // 409: the first sending of this key is under way still.
            if (await Send(kind, method, path, body, type, key, due) is { Status: < 500 and not 409 } reply)
                return reply;
            await Task.Delay(100);
            due = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>Null: there was no answer.</summary>
    private async Task<Reply?> Send(string kind, HttpMethod method, string path, string? body, string type, string? key,
        long due)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type));
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        var client = balancer.Next();
        try
        {
            using var response = await client.SendAsync(request);
            var reply = new Reply((int)response.StatusCode, await response.Content.ReadAsStringAsync(),
                client.BaseAddress!.Port);
            answers.Add(kind, Told(reply), Stopwatch.GetElapsedTime(due).TotalSeconds);
            return reply;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            answers.Add(kind, "none: " + (e.InnerException ?? e).Message, Stopwatch.GetElapsedTime(due).TotalSeconds);
            return null;
        }
    }

    private static string Told(Reply reply)
    {
        var status = reply.Status.ToString(CultureInfo.InvariantCulture);
        return reply.Status < 300 ? status : $"{status} {(string?)JsonNode.Parse(reply.Body)?["code"]}";
    }
}
