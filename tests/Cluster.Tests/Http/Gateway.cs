using System.Net.Http.Headers;
using MeteringGateway.Cluster.Tests.Support;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Api.Tests.Support;

/// <summary>
/// Stands where the suite over HTTP expects the product on one machine: three silos, each request to the next of them.
/// </summary>
public sealed class Gateway : IAsyncDisposable
{
    public const string AdminKey = "the-administrator-of-the-tests";

    /// <summary>A price, a window of 72 hours, a cap of 3 a month with a hand-off.</summary>
    public const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99"}],
         "activities":[{"id":"helpdesk.ticket","price":"0.40"}],
         "caps":[{"id":"monthly","limit":{"units":3},"at_limit":{"action":"handoff","to":"queue:tier1"}}]}
        """;

    private static readonly Lazy<Task<RedisServer>> Redis = new(() => RedisServer.Run());

    private readonly SiloCluster _cluster;

    private Gateway(SiloCluster cluster, FakeClock clock, RecordedLog log)
    {
        (_cluster, Clock, Log) = (cluster, clock, log);
        Anyone = Client();
        Admin = As(AdminKey);
    }

    public Uri Address => _cluster.Addresses[0];
    public FakeClock Clock { get; }
    public RecordedLog Log { get; }
    public HttpClient Anyone { get; }
    public HttpClient Admin { get; }
    public IServiceProvider Services => _cluster.Silos[0].Services;

    /// <param name="dataDirectory">What was written under the same name is there again.</param>
    /// <param name="withoutSockets">Silos have them in any case.</param>
    public static async Task<Gateway> Start(
        Dictionary<string, string?>? settings = null, string? dataDirectory = null, FakeClock? clock = null,
        bool withoutSockets = false, LogLevel lowest = LogLevel.Warning)
    {
        var all = new Dictionary<string, string?>(settings ?? []) { ["Metering:AdminKey"] = AdminKey };
        // Time stands still in a test, so what a key may do a second would be all that it may do.
        foreach (var limit in (string[])["RequestsPerSecond", "EventsPerSecond", "FailedKeysPerMinute"])
            all.TryAdd($"Metering:Limits:{limit}", "0");
        var log = new RecordedLog();
        clock ??= new FakeClock();
        var service = dataDirectory is null ? Guid.NewGuid().ToString("N") : dataDirectory.Replace('/', '-');
        return new Gateway(await SiloCluster.Start(await Redis.Value, service, all, clock, log, lowest), clock, log);
    }

    public HttpClient As(string key)
    {
        var client = Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>A key of this role, for these tenants or for all.</summary>
    public async Task<HttpClient> Role(string role, params string[] tenants) => As(await Key(role, tenants));

    public async Task<string> Key(string role, params string[] tenants)
    {
        var bound = tenants.Length == 0 ? (JsonNode)"*"
            : new JsonArray([.. tenants.Select(tenant => (JsonNode)tenant!)]);
        var made = await Admin.Post("/v1/keys", new JsonObject { ["role"] = role, ["tenants"] = bound })
            .Is(HttpStatusCode.Created);
        return (string)made["key"]!;
    }

    /// <summary>A tenant on a plan of its own.</summary>
    public async Task Tenant(string tenant, string plan = Plan, string more = "")
    {
        await Admin.Put($"/v1/plans/{tenant}", plan).Is(HttpStatusCode.Created);
        await Admin.Put($"/v1/tenants/{tenant}", $$"""{"name":"{{tenant}}","plan":"{{tenant}}"{{more}}}""")
            .Is(HttpStatusCode.Created);
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private HttpClient Client() =>
        new(new Documented(new InTurn(_cluster.Addresses))) { BaseAddress = Address,
            Timeout = TimeSpan.FromSeconds(60) };

    private sealed class InTurn(IReadOnlyList<Uri> addresses) : DelegatingHandler(new SocketsHttpHandler())
    {
        private int _next;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancellationToken)
        {
            request.RequestUri = new Uri(addresses[Interlocked.Increment(ref _next) % addresses.Count],
                request.RequestUri!.PathAndQuery);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
