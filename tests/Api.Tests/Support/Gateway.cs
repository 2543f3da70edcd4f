using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Api.Tests.Support;

/// <summary>
/// The whole product, as the executable composes it, on a loopback port and a data directory of its own, with a clock
/// that only the test moves.
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

    private readonly WebApplication _app;
    private readonly string _directory;
    private readonly bool _ownsDirectory;

    private Gateway(WebApplication app, string directory, bool ownsDirectory, FakeClock clock, RecordedLog log,
        List<string> shown)
    {
        (_app, _directory, _ownsDirectory, Clock, Log, ShownKeys) = (app, directory, ownsDirectory, clock, log, shown);
        Address = new Uri(
            app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "http://localhost");
        Anyone = Client();
        Admin = As(AdminKey);
    }

    public Uri Address { get; }
    public FakeClock Clock { get; }
    public RecordedLog Log { get; }

    /// <summary>First administrators' keys that were shown.</summary>
    public IReadOnlyList<string> ShownKeys { get; }

    public HttpClient Anyone { get; }
    public HttpClient Admin { get; }
    public IServiceProvider Services => _app.Services;

    public static async Task<Gateway> Start(
        Dictionary<string, string?>? settings = null, string? dataDirectory = null, FakeClock? clock = null,
        bool waitUntilReady = true, bool recover = true,
        bool withoutSockets = false, LogLevel lowest = LogLevel.Warning)
    {
        var directory = dataDirectory ?? Directory.CreateTempSubdirectory("metering-").FullName;
        var builder = WebApplication.CreateSlimBuilder();
        var all = new Dictionary<string, string?> { ["Metering:AdminKey"] = AdminKey,
            ["Metering:DataDirectory"] = directory,
            // Time stands still in a test, so what a key may do a second would be all that it may do.
            ["Metering:Limits:RequestsPerSecond"] = "0", ["Metering:Limits:EventsPerSecond"] = "0",
            ["Metering:Limits:FailedKeysPerMinute"] = "0" };
        foreach (var (name, value) in settings ?? []) all[name] = value;
        builder.Configuration.AddInMemoryCollection(all);
        if (withoutSockets) builder.WebHost.UseTestServer();
        else builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        var log = new RecordedLog();
        builder.Logging.ClearProviders().AddProvider(log).SetMinimumLevel(lowest);
        clock ??= new FakeClock();
        builder.Services.AddSingleton<TimeProvider>(clock);
        var shown = new List<string>();
        builder.AddMeteringApi();
        builder.AddEmbeddedTenants(shown.Add);
        if (!recover)
            builder.Services.Remove(
                builder.Services.Last(service => service.ServiceType == typeof(IHostedService)
                    && service.ImplementationFactory is not null));
        var app = builder.Build();
        app.MapMeteringApi();
        await app.StartAsync();
        var gateway = new Gateway(app, directory, dataDirectory is null, clock, log, shown);
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

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        if (_ownsDirectory) Directory.Delete(_directory, recursive: true);
    }

    private HttpClient Client()
    {
        var wire = _app.Services.GetRequiredService<IServer>() is TestServer server ? server.CreateHandler()
            : new SocketsHttpHandler();
        return new HttpClient(new Documented(wire)) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
    }

    private async Task Ready()
    {
        while ((await Anyone.GetAsync(new Uri("/health/ready", UriKind.Relative))).StatusCode != HttpStatusCode.OK)
        {
            if (_app.Lifetime.ApplicationStopping.IsCancellationRequested)
                throw new InvalidOperationException(string.Join('\n', Log.Lines));
            await Task.Yield();
        }
    }
}
