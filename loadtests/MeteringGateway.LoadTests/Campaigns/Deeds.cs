using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Campaigns;

/// <summary>Operations one after the other, events and reservations, and what each was answered.</summary>
internal sealed class Deeds(string tenant, int count)
{
    private const int ReservesEvery = 5;
    private const int MostTries = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<int, string> _acknowledged = [];
    private readonly List<string> _lies = [];

    public bool AllDone => _acknowledged.Count == count;

    /// <summary>Answers that said no, by status.</summary>
    public SortedDictionary<int, int> Refused { get; } = [];

    /// <summary>Answers that must not be.</summary>
    public IReadOnlyList<string> Lies => _lies;

    public int Reservations => Enumerable.Range(0, count).Count(Reserves);
    public int Events => count - Reservations;

    private static bool Reserves(int number) => number % ReservesEvery == ReservesEvery - 1;

    /// <summary>
    /// Does each until it is acknowledged, or the server is gone. One that stays refused is given up, and after it all
    /// the others.
    /// </summary>
    public async Task Do(int port)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"),
            Timeout = TimeSpan.FromSeconds(60) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", GatewayServer.AdminKey);
        for (var number = 0; number < count; number++)
            for (var tries = 0; !await Do(http, number); tries++)
            {
                if (IsGone || tries == MostTries) return;
                await Task.Delay(Pause);
            }
    }

    /// <summary>A call was not answered.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Whether it was acknowledged.</summary>
    private async Task<bool> Do(HttpClient http, int number)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{tenant}-{number}");
        using var request = Reserves(number)
            ? Post($"/v1/tenants/{tenant}/reservations", "application/json",
                """{"outcome_type":"support.resolution","quantity":1,"ttl":"PT24H"}""")
            : Post("/v1/events", "application/cloudevents-batch+json",
                $$$"""
                [{"specversion":"1.0","id":"{{{id}}}","source":"/syscalls","type":"outcome.reported",
                  "subject":"{{{tenant}}}","data":{"outcome_type":"support.resolution"}}]
                """);
        if (Reserves(number)) request.Headers.Add("Idempotency-Key", id);
        try
        {
            using var response = await http.SendAsync(request);
            var (status, text) = ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
            var known = _acknowledged.GetValueOrDefault(number);
            if (response.IsSuccessStatusCode)
            {
                var said = Said(JsonNode.Parse(text)!, number, known is not null);
                if (said is null || (known is not null && known != said))
                    _lies.Add($"{id} was first answered {known} and then {status} {text}");
                else _acknowledged[number] = said;
                return said is not null;
            }
            Refused[status] = Refused.GetValueOrDefault(status) + 1;
            if (status is not (503 or 507) || (string?)JsonNode.Parse(text)?["code"] is not { Length: > 0 })
                _lies.Add($"{id} was answered {status} {text}");
            return false;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            IsGone = true;
            return false;
        }
    }

    /// <summary>
    /// What must be said again: the outcome as it was first answered, or the reservation's id; null: no.
    /// </summary>
    private static string? Said(JsonNode answer, int number, bool again)
    {
        if (Reserves(number)) return (string?)answer["reservation"]?["id"];
        var result = answer["results"]![0]!;
        var status = (string)result["status"]!;
        return status == "duplicate" || (status == "accepted" && !again) ? (string)result["outcome"]!["status"]! : null;
    }

    private static HttpRequestMessage Post(string path, string type, string body) =>
        new(HttpMethod.Post, new Uri(path, UriKind.Relative))
        {
            Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type)),
        };

    /// <summary>Whether the tenant's figures are those of all that was to be done, each once.</summary>
    public string? Differs(JsonNode? usage)
    {
        var type = usage?["outcome_types"]?.AsArray().SingleOrDefault();
        if (type is null) return "has no usage";
        return (long)type["reported"]! == Events && (long)type["reserved"]! == Reservations ? null
            : $"{type["reported"]} are counted of {Events}, {type["reserved"]} held of {Reservations}";
    }
}
