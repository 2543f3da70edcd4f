using MeteringGateway.ConsolePages;
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

/// <summary>How a test wants the product.</summary>
/// <param name="DataDirectory">What was written under it before is there again; null: nothing was.</param>
/// <param name="Recover">False: nobody opens the journal, and the product is as it is while it recovers.</param>
public sealed record Setup(Dictionary<string, string?> Settings, string? DataDirectory, FakeClock Clock,
    RecordedLog Log, bool WithoutSockets, bool Recover);

/// <summary>The product as it runs.</summary>
public abstract class Product : IAsyncDisposable
{
    public abstract Uri Address { get; }
    /// <summary>Of each process of it.</summary>
    public virtual IReadOnlyList<Uri> Addresses => [Address];

    public abstract IServiceProvider Services { get; }

    /// <summary>It is about to end: something went wrong.</summary>
    public abstract bool IsStopping { get; }

    /// <summary>First administrators' keys that were shown.</summary>
    public List<string> ShownKeys { get; } = [];

    public abstract HttpMessageHandler Wire();
    public abstract ValueTask DisposeAsync();
}

/// <summary>Who runs the product for the suites: one process, or several silos in an assembly that says so.</summary>
public abstract class Edition
{
    /// <summary>The edition that this process tests; set before the first test.</summary>
    public static Edition Current { get; set; } = new Embedded();

    /// <summary>What the suites of this process want beside the API: the console, say.</summary>
    public static Action<WebApplication> Maps { get; set; } = _ => { };

    /// <summary>Timers go by real time too: not everything in the process lives by the test's clock.</summary>
    public virtual bool HasRealTimers => false;

    public abstract Task<Product> Start(Setup setup);
}

/// <summary>The product as the executable composes it, on a loopback port and a data directory of its own.</summary>
internal sealed class Embedded : Edition
{
    public override async Task<Product> Start(Setup setup)
    {
        var directory = setup.DataDirectory ?? Directory.CreateTempSubdirectory("metering-").FullName;
        var builder = MeteringHost.Builder();
        builder.Configuration.AddInMemoryCollection(setup.Settings);
        builder.Configuration["Metering:DataDirectory"] = directory;
        // One ring for all tests: none leaves its own behind.
        builder.Configuration["Metering:KeyDirectory"] ??= Path.Combine(Path.GetTempPath(), "metering-tests-keys");
        if (setup.WithoutSockets) builder.WebHost.UseTestServer();
        else builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.AddProvider(setup.Log);
        builder.Services.AddSingleton<TimeProvider>(setup.Clock);
        var product = new Process(directory, ownsDirectory: setup.DataDirectory is null);
        builder.AddEmbeddedTenants(product.ShownKeys.Add);
        builder.AddConsole();
        if (!setup.Recover)
            builder.Services.Remove(
                builder.Services.Last(service => service.ServiceType == typeof(IHostedService)
                    && service.ImplementationFactory is not null));
        await product.Start(builder);
        return product;
    }

    private sealed class Process(string directory, bool ownsDirectory) : Product
    {
        private WebApplication _app = null!;

        public override Uri Address => new(_app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "http://localhost");

        public override IServiceProvider Services => _app.Services;
        public override bool IsStopping => _app.Lifetime.ApplicationStopping.IsCancellationRequested;

        public async Task Start(WebApplicationBuilder builder)
        {
            _app = builder.Build();
            _app.MapMeteringApi();
            Maps(_app);
            await _app.StartAsync();
        }

        public override HttpMessageHandler Wire() =>
            _app.Services.GetRequiredService<IServer>() is TestServer server ? server.CreateHandler()
                : new SocketsHttpHandler();

        public override async ValueTask DisposeAsync()
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
            if (ownsDirectory) Directory.Delete(directory, recursive: true);
        }
    }
}
