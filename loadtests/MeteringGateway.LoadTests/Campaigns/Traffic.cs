using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Campaigns;

/// <summary>Events for a round, which of them were acknowledged, and with what answer.</summary>
public sealed class Traffic
{
    private readonly List<Event>[] _connections;
    private readonly ConcurrentDictionary<string, string> _answers = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<string> _contradictions = [];
    private readonly ConcurrentDictionary<string, bool> _open = new(StringComparer.Ordinal);

    private Traffic(List<Event>[] connections) => _connections = connections;

    private sealed record Event(string Tenant, string Id, int Units, string Json);

    public int Total => _connections.Sum(c => c.Count);
    public long Acknowledged => _answers.Count;
    /// <summary>Sent in a request that was never answered.</summary>
    public long InFlight => _open.Keys.Count(id => !_answers.ContainsKey(id));
    /// <summary>Answers that do not agree with the first one.</summary>
    public IReadOnlyCollection<string> Contradictions => _contradictions;

    public long Units(string tenant) =>
        _connections.SelectMany(c => c).Where(e => e.Tenant == tenant).Sum(e => e.Units);

    public static Traffic Make(Random random, string[] tenants, int connections)
    {
        var lists = Enumerable.Range(0, connections).Select(c => Enumerable.Range(0, random.Next(100, 300)).Select(i =>
        {
            var tenant = tenants[random.Next(tenants.Length)];
            var id = string.Create(CultureInfo.InvariantCulture, $"{tenant}-{c}-{i}");
            var units = random.Next(1, 4);
            return new Event(tenant, id, units,
                $$$"""{"specversion":"1.0","id":"{{{id}}}","source":"/crash","type":"outcome.reported","subject":"{{{tenant}}}","data":{"outcome_type":"support.resolution","quantity":{{{units}}},"session":"{{{id}}}"}}""");
        }).ToList());
        return new Traffic([.. lists]);
    }

    /// <summary>
    /// Sends everything over several connections at once, until all is answered or the server is gone.
    /// </summary>
    public async Task Send(int port, CancellationToken cancellation) =>
        await Task.WhenAll(
            _connections.Select((events, c) =>
                Task.Run(() => Send(port, events, new Random(c), cancellation), CancellationToken.None)));

    private async Task Send(int port, List<Event> events, Random random, CancellationToken cancellation)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"),
            Timeout = TimeSpan.FromSeconds(30) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", GatewayServer.AdminKey);
        for (var at = 0; at < events.Count;)
        {
            var chunk = events.Skip(at).Take(random.Next(1, 16)).ToList();
            at += chunk.Count;
            foreach (var e in chunk) _open[e.Id] = true;
            try
            {
                var (type, body) = random.Next(2) == 0
                    ? ("application/x-ndjson", string.Join('\n', chunk.Select(e => e.Json)) + "\n")
                    : ("application/cloudevents-batch+json", "[" + string.Join(',', chunk.Select(e => e.Json)) + "]");
                using var response = await http.PostAsync(new Uri("/v1/events", UriKind.Relative),
                    new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type)), cancellation);
                var text = await response.Content.ReadAsStringAsync(cancellation);
                if (response.IsSuccessStatusCode) Record(chunk, JsonNode.Parse(text)!);
                else if ((int)response.StatusCode < 500) _contradictions.Add($"{(int)response.StatusCode}: {text}");
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
            {
                // The server has just been killed: the rest of this connection's events wait for the next start.
                return;
            }
        }
    }

    private void Record(List<Event> chunk, JsonNode answer)
    {
        foreach (var result in answer["results"]!.AsArray())
        {
            var id = (string)result!["id"]!;
            var status = (string)result["status"]!;
            var outcome = result["outcome"] is { } o ? $"{o["status"]}/{o["reason"]}" : "";
            if (status == "rejected")
            {
                _contradictions.Add($"{id} was refused: {result["problem"]}");
                continue;
            }
            if (status == "accepted" && _answers.ContainsKey(id))
                _contradictions.Add($"{id} had been acknowledged and was taken as new");
            var first = _answers.GetOrAdd(id, outcome);
            if (first != outcome) _contradictions.Add($"{id} was first answered {first} and then {outcome}");
        }
        if (answer["results"]!.AsArray().Count != chunk.Count)
            _contradictions.Add($"{answer["results"]!.AsArray().Count} results for {chunk.Count} events");
    }
}
