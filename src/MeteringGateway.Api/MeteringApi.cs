using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using MeteringGateway.Api.Allowance;
using MeteringGateway.Api.Attention;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Caps;
using MeteringGateway.Api.Certificates;
using MeteringGateway.Api.Disputes;
using MeteringGateway.Api.Emails;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Grants;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Outcomes;
using MeteringGateway.Api.Overage;
using MeteringGateway.Api.Plans;
using MeteringGateway.Api.Quality;
using MeteringGateway.Api.Requests;
using MeteringGateway.Api.Signals;
using MeteringGateway.Api.SignIn;
using MeteringGateway.Api.Statements;
using MeteringGateway.Api.Tenants;
using MeteringGateway.Api.Thresholds;
using MeteringGateway.Api.Usage;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api;

/// <summary>The HTTP contract, version 1, over whatever <see cref="ITenants"/> the host brings.</summary>
public static class MeteringApi
{
    /// <summary>
    /// Registers everything but where tenants live, and the settings, which whoever adds these reads
    /// (see <see cref="EmbeddedEdition.AddEmbeddedTenants"/>).
    /// </summary>
    public static IHostApplicationBuilder AddMeteringApi(this IHostApplicationBuilder builder)
    {
        ContentCoding.BeStrict();
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<Readiness>();
        services.AddSingleton<Trails>();
        services.AddSingleton<KafkaHealth>();
        services.AddSingleton<HttpTimes>();
        services.AddSingleton<MetricsPage>();
        services.AddSingleton<KeyRing>();
        services.AddSingleton<PlanBook>();
        services.AddSingleton<InProcess>();
        services.AddSingleton<Sessions>();
        services.AddSingleton<RefusedEvents>();
        services.AddTransient<TenantChange>();
        services.AddTransient<SignalEndpoints.SignalSource>();
        services.ConfigureHttpJsonOptions(json => WireJson.Make(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddOptions<KestrelServerOptions>().Configure<MeteringSettings>(Guard);
        services.AddApiDocument();
        services.AddWebhooks();
        services.AddEmails();
        return builder;
    }

    /// <summary>Maps every endpoint, behind the gate that asks for keys.</summary>
    public static WebApplication MapMeteringApi(this WebApplication app)
    {
        app.Services.GetRequiredService<MetricsPage>(); // listens from the start
        app.Use(app.Services.GetRequiredService<InProcess>().Before);
        app.UseMiddleware<Front>();
        app.UseRouting();
        app.UseMiddleware<Gate>();
        app.MapOperations();
        app.MapApiDocument();
        app.MapKeys();
        app.MapConsoleLinks();
        app.MapPlans();
        app.MapTenants();
        app.MapSchedule();
        app.MapAllowance();
        app.MapEvents();
        app.MapOutcomes();
        app.MapSample();
        app.MapErasure();
        app.MapDisputes();
        app.MapSignals();
        app.MapCaps();
        app.MapCapPreview();
        app.MapThresholds();
        app.MapAlerts();
        app.MapOverage();
        app.MapGrants();
        app.MapStatements();
        app.MapAttention();
        app.MapUsage();
        app.MapChanges();
        app.MapSetupChanges();
        app.MapQuality();
        app.MapCertificates();
        app.MapWebhooks();
        app.MapEmails();
        return app;
    }

    private static void Guard(KestrelServerOptions server, MeteringSettings settings)
    {
        var limits = settings.Limits;
        server.AddServerHeader = false;
        server.Limits.MaxRequestBodySize = limits.BodyBytes;
        server.Limits.RequestHeadersTimeout = limits.HeaderTimeout;
        server.Limits.KeepAliveTimeout = limits.IdleTimeout;
        server.Limits.MaxConcurrentConnections = limits.Connections;
        server.Limits.MaxConcurrentUpgradedConnections = 0;
    }
}
