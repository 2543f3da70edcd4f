using System.Text;

namespace MeteringGateway.Api.Tests;

/// <summary>
/// Malformed, deep, cut off, doubled and shuffled input: never a crash, never a 5xx. METERING_FUZZ sets how many.
/// </summary>
public class FuzzTests
{
    private static readonly string[] Bodies =
    [
        Gateway.Plan,
        """{"name":"x","plan":"fuzz","time_zone":"Europe/Berlin","anchor_day":31,"test_clock":{"start":"2016-02-29T00:00:00Z","follow_events":true}}""",
        """{"role":"agent","tenants":["fuzz"],"permissions":["allowance"],"expires_at":"2030-01-01T00:00:00Z","label":"l"}""",
        """{"outcome_type":"support.resolution","quantity":1,"agent":"a","channel":"c","workflow":"w","session":"s","record":true}""",
        """{"outcome_type":"support.resolution","quantity":1,"ttl":"PT60S","allow_partial":true}""",
        """{"scope":{"agent":"a"},"limit":{"units":1000},"period":"day","at_limit":{"action":"handoff","to":"q"},"when_below_exposure":"now"}""",
        """{"action":"pause","reason":"r"}""", """{"verdict":"rejected","csat":3}""", """{"advance":"PT1H"}""",
        """{"ttl":"PT1H"}""",
        Report.Outcome("f-1", "fuzz",
            """ "quantity":2,"verification":{"method":"llm","passed":true,"confidence":0.97,"evidence_url":"https://e"},"success_criteria_met":["a"],"metadata":{"a":[1,{"b":null}]},"end_customer":"u" """),
        "[" + Report.Outcome("f-2", "fuzz") + ","
            + Report.Event("outcome.reopened", "f-3", "fuzz", "\"outcome_id\":\"f-1\"") + "]",
        Report.Outcome("f-4", "fuzz") + "\n" + Report.Event("activity.reported", "f-5", "fuzz", "\"activity\":\"t\"")
            + "\n",
    ];

    private static readonly string[] Scraps =
        ["\"", "{", "}", "[", "]", ":", ",", "null", "-1", "1e999", "99999999999999999999", "0.0000001", "\\u0000",
            "\\ud800", "\u00e9", "\u0000", "\n", "true", "\"id\":1,", "\"\":{}", "P9999Y", "\\"];

    [Fact]
    public async Task Whatever_is_sent_is_answered_without_a_fault_of_ours()
    {
        var count = int.TryParse(Environment.GetEnvironmentVariable("METERING_FUZZ"), out var wanted) ? wanted : 20_000;
        await using var gateway = await Gateway.Start(withoutSockets: true);
        await gateway.Tenant("fuzz");
        var endpoints = Mapped.All(gateway).Where(one => one.Takes is not null).ToList();
        var random = new Random(20261121);
        for (var i = 0; i < count; i++)
        {
            var endpoint = endpoints[random.Next(endpoints.Count)];
            var body = Mutate(Bodies[random.Next(Bodies.Length)], random);
            var media = endpoint.Takes!.MediaTypes[random.Next(endpoint.Takes.MediaTypes.Length)];
            using var request = new HttpRequestMessage(endpoint.Method,
                new Uri(endpoint.Path("fuzz") + Tail(random), UriKind.Relative)) {
                    Content = new ByteArrayContent(body) };
            request.Content.Headers.TryAddWithoutValidation("Content-Type", media);
            using var response = await gateway.Admin.SendAsync(request);
            Assert.True((int)response.StatusCode < 500,
                $"#{i} {endpoint}: {response.StatusCode} for {Encoding.Latin1.GetString(body)}");
        }
        Assert.DoesNotContain(gateway.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal)
            || line.StartsWith("Critical", StringComparison.Ordinal));
        // what was taken can be shown
        await gateway.Admin.Get("/v1/tenants/fuzz/outcomes?limit=1000").Is(HttpStatusCode.OK);
        await gateway.Admin.Get("/v1/tenants/fuzz/entries?limit=1000").Is(HttpStatusCode.OK);
    }

    private static string Tail(Random random) =>
        random.Next(20) switch { 0 => "?limit=%00", 1 => "?cursor=%ff", 2 => "?results=some", 3 => "?version=-1", _ =>
            "" };

    private static byte[] Mutate(string text, Random random)
    {
        var bytes = new List<byte>(Encoding.UTF8.GetBytes(text));
        for (var times = random.Next(5); times > 0 && bytes.Count > 0; times--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(7))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes.RemoveAt(at); break;
                case 2: bytes.RemoveRange(at, bytes.Count - at); break;
                case 3: bytes.InsertRange(at, Encoding.UTF8.GetBytes(Scraps[random.Next(Scraps.Length)])); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(40), bytes.Count - at))); break;
                case 5: bytes.InsertRange(at, Enumerable.Repeat((byte)"[{"[random.Next(2)], random.Next(80))); break;
                default: bytes.RemoveRange(at, Math.Min(random.Next(20), bytes.Count - at)); break;
            }
        }
        return [.. bytes];
    }
}
