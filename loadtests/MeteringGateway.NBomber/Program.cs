using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using MeteringGateway.LoadTests.Scenarios;
using NBomber.Contracts;
using NBomber.CSharp;
using Day = MeteringGateway.LoadTests.Scenarios.Scenario;
using Kind = NBomber.CSharp.Scenario;

// Plays a scenario against a gateway that runs already: its plan and its tenants are made, and the load is NBomber's.
if (args is not [var file, var address, var key])
{
    await Console.Error.WriteLineAsync("MeteringGateway.NBomber SCENARIO.json http://HOST:PORT KEY");
    return 2;
}
var day = Day.Read(file);
using var http = new HttpClient { BaseAddress = new Uri(address) };
http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
const string json = "application/json";

await Make("/v1/plans/load", """
    {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT72H"}],
     "caps":[{"id":"monthly","limit":{"units":100000000000},"at_limit":{"action":"handoff","to":"queue:tier1"}}]}
    """);
for (var i = 0; i < day.Tenants; i++) await Make($"/v1/tenants/load-{i}", """{"name":"load","plan":"load"}""");

// Read by nobody for as long as it runs.
var readers = new List<HttpResponseMessage>();
for (var i = 0; i < day.SlowReaders; i++)
    readers.Add(await http.GetAsync(new Uri($"/v1/tenants/load-{day.Tenants - 1}/signals", UriKind.Relative),
        HttpCompletionOption.ResponseHeadersRead));

var next = 0L;
ScenarioProps[] kinds =
[
    .. Played("checks", phase => phase.Checks, (phase, i) => Post($"/v1/tenants/{Tenant(phase, i)}/check", json,
        """{"outcome_type":"support.resolution","agent":"agent-7","channel":"chat"}""")),
    .. Played("batches", phase => phase.Batches, (phase, i) => Post("/v1/events?results=rejected",
        "application/cloudevents-batch+json",
        $"[{string.Join(',', Enumerable.Range(0, 100).Select(at => Event(phase, i, at)))}]")),
    .. Played("statements", phase => phase.Statements, (phase, i) => new HttpRequestMessage(HttpMethod.Get,
        $"/v1/tenants/{Tenant(phase, i)}/statements/current")),
    .. Played("pauses", phase => phase.Pauses, (_, i) => Post(
        $"/v1/tenants/load-{day.Tenants - 1}/{(i % 2 == 0 ? "pause" : "resume")}", json,
        """{"action":"pause","reason":"load"}""")),
];
NBomberRunner.RegisterScenarios(kinds).WithTestSuite("metering").WithTestName(day.Name).Run();
foreach (var reader in readers) reader.Dispose();
return 0;

// One of NBomber's scenarios for each phase in which it comes, which waits for those before.
IEnumerable<ScenarioProps> Played(string what, Func<Phase, IReadOnlyList<double>> rate,
    Func<Phase, long, HttpRequestMessage> request)
{
    var before = TimeSpan.Zero;
    foreach (var phase in day.Phases)
    {
        var simulations = Simulations(rate(phase), Whole(phase)).ToList();
        if (before > TimeSpan.Zero) simulations.Insert(0, Simulation.Pause(before));
        before += Whole(phase);
        if (rate(phase).Count == 0) continue;
        yield return Kind.Create($"{what}, {phase.Name}", async context =>
        {
            using var sent = request(phase, Interlocked.Increment(ref next));
            using var answer = await http.SendAsync(sent);
            var body = await answer.Content.ReadAsByteArrayAsync();
            var status = ((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture);
            return answer.IsSuccessStatusCode ? Response.Ok(statusCode: status, sizeBytes: body.Length)
                : Response.Fail(statusCode: status, message: Encoding.UTF8.GetString(body));
        }).WithoutWarmUp().WithLoadSimulations([.. simulations]);
    }
}

// NBomber's phases are of a second at least, and a ramp begins where what was before it ended.
static TimeSpan Whole(Phase phase) => TimeSpan.FromSeconds(Math.Max(2, phase.Seconds));

static IEnumerable<LoadSimulation> Simulations(IReadOnlyList<double> rate, TimeSpan whole)
{
    if (rate.Count == 0) yield break;
    var (second, from, to) = (TimeSpan.FromSeconds(1), (int)Math.Round(rate[0]), (int)Math.Round(rate[^1]));
    yield return Simulation.Inject(from, second, from == to ? whole : second);
    if (from != to) yield return Simulation.RampingInject(to, second, whole - second);
}

string Event(Phase phase, long batch, int at) => $$"""
    {"specversion":"1.0","id":"nb-{{Environment.ProcessId}}-{{batch}}-{{at}}","source":"/nbomber",
     "type":"outcome.reported","subject":"{{Tenant(phase, batch + at)}}",
     "data":{"outcome_type":"support.resolution","result":"success","agent":"agent-7","channel":"chat"} }
    """;

string Tenant(Phase phase, long number) =>
    string.Create(CultureInfo.InvariantCulture, $"load-{(phase.OneTenant ? 0 : number % day.Tenants)}");

static HttpRequestMessage Post(string path, string type, string body) =>
    new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, type) };

async Task Make(string path, string body)
{
    using var content = new StringContent(body, Encoding.UTF8, json);
    using var answer = await http.PutAsync(new Uri(path, UriKind.Relative), content);
    answer.EnsureSuccessStatusCode();
}
