using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Api.Tests.Support;

/// <summary>
/// The whole product in the edition under test, with a clock that only the test moves, and those who call it.
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

    /// <summary>Those that the product says less of than of others.</summary>
    private static readonly string[] Categories = ["Default", "Microsoft.AspNetCore",
        "Microsoft.AspNetCore.Hosting.Diagnostics", "Orleans", "Microsoft.Orleans"];

    private readonly Product _product;

    private Gateway(Product product, FakeClock clock, RecordedLog log)
    {
        (_product, Clock, Log) = (product, clock, log);
        Anyone = Client();
        Admin = As(AdminKey);
    }

    public Uri Address => _product.Address;

    /// <inheritdoc cref="Product.Addresses"/>
    public IReadOnlyList<Uri> Addresses => _product.Addresses;
    public FakeClock Clock { get; }
    public RecordedLog Log { get; }

    /// <inheritdoc cref="Product.ShownKeys"/>
    public IReadOnlyList<string> ShownKeys => _product.ShownKeys;

    public HttpClient Anyone { get; }
    public HttpClient Admin { get; }
    public IServiceProvider Services => _product.Services;

    public static async Task<Gateway> Start(
        Dictionary<string, string?>? settings = null, string? dataDirectory = null, FakeClock? clock = null,
        bool waitUntilReady = true, bool recover = true,
        bool withoutSockets = false, LogLevel lowest = LogLevel.Warning)
    {
        var all = new Dictionary<string, string?>
        {
            ["Metering:AdminKey"] = AdminKey,
            // Time stands still in a test, so what a key may do a second would be all that it may do.
            ["Metering:Limits:RequestsPerSecond"] = "0", ["Metering:Limits:EventsPerSecond"] = "0",
            ["Metering:Limits:FailedKeysPerMinute"] = "0",
        };
        foreach (var category in Categories) all[$"Logging:LogLevel:{category}"] = lowest.ToString();
        foreach (var (name, value) in settings ?? []) all[name] = value;
        var log = new RecordedLog();
        clock ??= new FakeClock();
        var product = await Edition.Current.Start(
            new Setup(all, dataDirectory, clock, log, withoutSockets, recover));
        var gateway = new Gateway(product, clock, log);
        if (waitUntilReady) await gateway.Ready();
        return gateway;
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

    public ValueTask DisposeAsync() => _product.DisposeAsync();

    private HttpClient Client() =>
        new(new Documented(_product.Wire())) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };

    private async Task Ready()
    {
        while ((await Anyone.GetAsync(new Uri("/health/ready", UriKind.Relative))).StatusCode != HttpStatusCode.OK)
        {
            if (_product.IsStopping) throw new InvalidOperationException(string.Join('\n', Log.Lines));
            await Task.Yield();
        }
    }
}
