using MeteringGateway.Cluster.Tests.Support;

namespace MeteringGateway.Cluster.Tests.Http;

/// <summary>
/// Stands where the suites over HTTP have one process: two silos over one Redis, requests to one and the other in turn.
/// </summary>
internal sealed class Silos : Edition
{
    /// <summary>For all suites, until the process ends.</summary>
    private static readonly Lazy<Task<RedisServer>> Redis = new(async () =>
    {
        var redis = await RedisServer.Run();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => redis.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return redis;
    });

    /// <summary>Orleans lives by the same clock.</summary>
    public override bool HasRealTimers => true;

    public override async Task<Product> Start(Setup setup)
    {
        var service = setup.DataDirectory?.Replace('/', '-') ?? Guid.NewGuid().ToString("N");
        var settings = new Dictionary<string, string?>(setup.Settings);
        settings.TryAdd("Metering:KeyDirectory", Path.Combine(Path.GetTempPath(), "metering-tests-keys"));
        return new Cluster(await SiloCluster.Start(await Redis.Value, service, settings, setup.Clock, setup.Log,
            size: 2));
    }

    private sealed class Cluster(SiloCluster silos) : Product
    {
        public override Uri Address => silos.Addresses[0];
        public override IReadOnlyList<Uri> Addresses => silos.Addresses;
        public override IServiceProvider Services => silos.Silos[0].Services;
        public override bool IsStopping =>
            silos.Silos.Any(silo => silo.Lifetime.ApplicationStopping.IsCancellationRequested);

        public override HttpMessageHandler Wire() => new InTurn(silos.Addresses);

        public override ValueTask DisposeAsync() => silos.DisposeAsync();
    }

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
