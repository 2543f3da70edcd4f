using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;
using Microsoft.Extensions.DependencyInjection;

namespace MeteringGateway.Cluster.Tests;

/// <summary>Silos that move closed periods into segments by themselves, in a directory that all of them have.</summary>
[Collection(SharedRedis.Name)]
public sealed class SiloSealingTests(RedisServer redis) : IDisposable
{
    private const string Acme = "acme";
    private readonly string _service = Guid.NewGuid().ToString("N");
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    private Dictionary<string, string?> Settings => new()
    {
        ["Metering:Journal:Segments"] = Path.Combine(_directory, "segments"),
        ["Metering:Journal:SealAfter"] = "01:00:00",
    };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task The_silo_that_keeps_house_seals_and_when_it_is_gone_another_does()
    {
        var clock = new FakeClock();
        await using var cluster = await SiloCluster.Start(redis, _service, Settings, clock, size: 2);
        await cluster.Tenants.Execute(Acme, Make.Tenant());
        var noted = await Month(cluster.Tenants, clock, "a");
        await Sealed(cluster, clock, 30);
        foreach (var silo in cluster.Silos)
            Assert.Equal(noted, await Listed(silo.Services.GetRequiredService<ITenants>()));

        // One that is sealed is disputed through either silo, and is seen by both.
        Assert.IsType<Answer.Accepted>(await cluster.Tenants.Execute(Acme,
            Make.Fact("no", "a-3", FactKind.VerdictRejected)));
        foreach (var silo in cluster.Silos)
            Assert.NotNull((await silo.Services.GetRequiredService<ITenants>().Outcome(Acme, "a-3"))!.Outcome.Dispute);

        var gone = cluster.Silos[0];
        await gone.StopAsync();
        var left = cluster.Silos[1].Services.GetRequiredService<ITenants>();
        noted = await Month(left, clock, "b");
        await Sealed(cluster, clock, 60);
        Assert.Equal(noted, await Listed(left));
        Assert.NotNull((await left.Outcome(Acme, "a-3"))!.Outcome.Dispute);
        Assert.Empty(await Store(cluster).Check(default));
    }

    [Fact]
    public async Task Silos_that_seal_at_once_do_it_one_after_the_other()
    {
        var clock = new FakeClock();
        await using var cluster = await SiloCluster.Start(redis, _service, new Dictionary<string, string?>(Settings)
        {
            ["Metering:Journal:SealAfter"] = null,
        }, clock, size: 2);
        await cluster.Tenants.Execute(Acme, Make.Tenant());
        var noted = await Month(cluster.Tenants, clock, "a");

        var sums = await Task.WhenAll(cluster.Silos.Concat(cluster.Silos).Select(silo => Task.Run(() =>
            new Sealer((SegmentedStore)silo.Services.GetRequiredService<IStore>()).Seal(Acme, Instant.MaxValue, true,
                default))));

        Assert.Equal((1, 30), (sums.Count(sum => sum.Entries > 0), sums.Sum(sum => sum.Outcomes)));
        Assert.Empty(await Hot(cluster));
        Assert.Equal(noted, await Listed(cluster.Tenants));
        Assert.Empty(await Store(cluster).Check(default));
    }

    /// <summary>Thirty outcomes of a month that is then closed, and one of the next.</summary>
    private static async Task<string> Month(ITenants tenants, FakeClock clock, string name)
    {
        var now = Instant.From(clock.GetUtcNow());
        for (var i = 0; i < 30; i++)
            await tenants.Execute(Acme, Make.Report($"{name}-{i}", now) with { Detail = Make.Detail($"u-{i}") });
        clock.Advance(TimeSpan.FromDays(35));
        await tenants.Execute(Acme, new Command.Tick());
        await tenants.Execute(Acme, Make.Report($"{name}-next", Instant.From(clock.GetUtcNow())));
        return await Listed(tenants);
    }

    /// <summary>Waits, an hour of the silos after the other, until Redis has no outcome of the closed month and
    /// segments have so many.</summary>
    private async Task Sealed(SiloCluster cluster, FakeClock clock, int outcomes)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        for (; ; await Task.Delay(100, patience.Token))
        {
            clock.Advance(TimeSpan.FromHours(1));
            var files = new Segments(Settings["Metering:Journal:Segments"]!).Of(Acme);
            var there = files.Sum(file => Segments.With(Acme, file, segment => segment.Outcomes?.All().Count() ?? 0));
            if (there >= outcomes && (await Hot(cluster)).All(one => one.Dispute is not null)) return;
        }
    }

    private static async Task<List<Outcome>> Hot(SiloCluster cluster) =>
        [.. (await Store(cluster).Hot.ArchivedPage(Acme, new OutcomeFilter(), null, null, 1_000, default))
            .Select(bytes => EntryCodec.ReadOutcome(bytes))];

    private static SegmentedStore Store(SiloCluster cluster) =>
        (SegmentedStore)cluster.Silos[^1].Services.GetRequiredService<IStore>();

    private static async Task<string> Listed(ITenants tenants)
    {
        var told = new List<string>();
        foreach (var filter in (OutcomeFilter[])[new(), new(ChangedAfter: 0), new(Status: OutcomeStatus.Billable)])
            for (long? cursor = null, pages = 0; pages < 20; pages++)
            {
                var page = (await tenants.Outcomes(Acme, filter, cursor, 7))!;
                told.Add(string.Join(' ', page.Items.Select(row =>
                    $"{row.Outcome.Id}={row.Outcome.Sequence}/{row.Detail?.Length}")));
                if ((cursor = page.Next) is null) break;
            }
        return string.Join('\n', told);
    }
}
