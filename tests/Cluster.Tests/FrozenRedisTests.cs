using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Engine.Tests;

namespace MeteringGateway.Cluster.Tests;

/// <summary>Redis stands still under three silos: its connections stay open, and nothing comes back.</summary>
public sealed class FrozenRedisTests : IAsyncLifetime, IDisposable
{
    private static readonly string[] Tenants = [.. Enumerable.Range(0, 12).Select(i => $"t{i}")];
    private readonly HttpClient _client = new();
    private RedisServer _redis = null!;
    private SiloCluster _cluster = null!;

    public async Task InitializeAsync()
    {
        _redis = await RedisServer.Run();
        var settings = new Dictionary<string, string?>
        {
            ["Metering:Cluster:Patience"] = "00:00:03",
            ["Metering:KeyDirectory"] = Path.Combine(Path.GetTempPath(), "metering-tests-keys"),
        };
        _cluster = await SiloCluster.Start(_redis, "frozen", settings);
        _client.DefaultRequestHeaders.Authorization = new("Bearer", SiloCluster.AdminKey);
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _redis.DisposeAsync();
    }

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Whoever_is_not_answered_is_told_unavailable_from_every_silo_and_may_send_the_same_again()
    {
        foreach (var tenant in Tenants) await _cluster.Tenants.Execute(tenant, Make.Tenant());
        _redis.Pause();
        // Until the lease is over, checks are answered from memory.
        await Until(async () => (await Task.WhenAll(Ready())).All(answer => answer == "503 not_ready"));
        var frozen = await Task.WhenAll(Everybody(Report, Check, tenant => Read($"/v1/tenants/{tenant}"),
            _ => Read("/v1/keys"), _ => Read("/v1/attention")));
        var ready = await Task.WhenAll(Ready());
        _redis.Resume();

        Assert.All(ready, answer => Assert.Equal("503 not_ready", answer)); // as the lease is over
        Assert.All(frozen, answer => Assert.Equal("503 unavailable", answer));

        Assert.All(await Task.WhenAll(Everybody(Report, Check)), answer => Assert.StartsWith("20", answer));
        foreach (var tenant in Tenants)
            Assert.Equal(1, (await _cluster.Tenants.Usage(tenant, null))!.OutcomeTypes.Single().Reported);
    }

    [Fact]
    public async Task A_silo_is_ready_again_when_Redis_is()
    {
        Assert.All(await Task.WhenAll(Ready()), answer => Assert.StartsWith("200", answer));
        _redis.Pause();
        await Until(async () => (await Task.WhenAll(Ready())).All(answer => answer == "503 not_ready"));
        _redis.Resume();
        await Until(async () => (await Task.WhenAll(Ready())).All(answer => answer.StartsWith("200")));
    }

    [Fact]
    public async Task Whoever_administers_is_told_unavailable_and_may_send_the_same_again()
    {
        _redis.Pause();
        await Until(async () => (await Task.WhenAll(Ready())).All(answer => answer == "503 not_ready"));
        var frozen = await Task.WhenAll(Everybody(Administering));
        _redis.Resume();
        await Until(async () => (await Task.WhenAll(Ready())).All(answer => answer.StartsWith("200")));

        Assert.All(frozen, answer => Assert.Equal("503 unavailable", answer));
        var answers = new List<string>();
        foreach (var request in Administering) // the tenant comes before its cap
            answers.Add(request("t0").RequestUri + ": " + await Ask(_cluster.Addresses[0], request("t0")));
        Assert.All(answers, answer => Assert.Contains(": 20", answer));
    }

    private static readonly Func<string, HttpRequestMessage>[] Administering =
    [
        PutPlan, tenant => Send(HttpMethod.Put, $"/v1/tenants/{tenant}", $$"""{"name":"A","plan":"{{tenant}}"}"""),
        tenant => Send(HttpMethod.Put, $"/v1/tenants/{tenant}/caps/c",
            """{"limit":{"units":3},"at_limit":{"action":"pause"}}"""),
        _ => Send(HttpMethod.Post, "/v1/keys", """{"role":"agent","tenants":"*"}"""),
        _ => Send(HttpMethod.Put, "/v1/webhooks/w", """{"url":"https://example.com/","events":["*"],"tenants":"*"}"""),
        _ => Read("/v1/tenants"), _ => Read("/v1/plans"), _ => Read("/v1/webhooks/w"),
        tenant => Read($"/v1/tenants/{tenant}/statements"),
    ];

    private static HttpRequestMessage PutPlan(string plan) => Send(HttpMethod.Put, $"/v1/plans/{plan}",
        """{"currency":"USD","outcome_types":[{"id":"a.b","price":"1.00"}]}""");

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition()) patience.Token.ThrowIfCancellationRequested();
    }

    private IEnumerable<Task<string>> Ready() => _cluster.Addresses.Select(silo => Ask(silo, Read("/health/ready")));

    /// <summary>Each question about each tenant, through every silo.</summary>
    private IEnumerable<Task<string>> Everybody(params Func<string, HttpRequestMessage>[] questions) =>
        from silo in _cluster.Addresses
        from tenant in Tenants
        from question in questions
        select Ask(silo, question(tenant));

    private async Task<string> Ask(Uri silo, HttpRequestMessage request)
    {
        request.RequestUri = new Uri(silo, request.RequestUri!);
        using var answer = await _client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        if (text.Length == 0)
            return $"{(int)answer.StatusCode} without a body to {request.Method} {request.RequestUri}";
        var body = JsonNode.Parse(text);
        return $"{(int)answer.StatusCode} {(body is JsonObject ? body["code"] : null)}";
    }

    private static HttpRequestMessage Read(string path) => new(HttpMethod.Get, new Uri(path, UriKind.Relative));

    private static HttpRequestMessage Report(string tenant) => Post("/v1/events", "application/cloudevents+json",
        Api.Tests.Support.Report.Outcome("o", tenant));

    private static HttpRequestMessage Check(string tenant) => Post($"/v1/tenants/{tenant}/check", "application/json",
        $$"""{"outcome_type":"{{Make.Type}}"}""");

    private static HttpRequestMessage Post(string path, string type, string body) =>
        Send(HttpMethod.Post, path, body, type);

    private static HttpRequestMessage Send(HttpMethod method, string path, string body,
        string type = "application/json") =>
        new(method, new Uri(path, UriKind.Relative))
        {
            Content = new StringContent(body, System.Text.Encoding.UTF8, type),
        };
}
