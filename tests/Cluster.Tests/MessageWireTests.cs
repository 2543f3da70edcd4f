using System.Text;
using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Cluster.Wire;
using MeteringGateway.Core;
using MeteringGateway.Engine.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Metadata;
using Orleans.Serialization;

namespace MeteringGateway.Cluster.Tests;

/// <summary>
/// The short form is spoken as long as all silos read it, and silos of both sorts understand each other.
/// </summary>
[Collection(SharedRedis.Name)]
public sealed class MessageWireTests(RedisServer redis)
{
    private readonly string _service = Guid.NewGuid().ToString("N");
    private bool _older;

    [Fact]
    public async Task Silos_of_one_version_speak_the_short_form()
    {
        await using var cluster = await Start(size: 2);
        await Until(() => cluster.Silos.All(SpeaksShort));
        await TalkAcross(cluster);
    }

    [Fact]
    public async Task As_long_as_one_silo_does_not_read_it_nobody_speaks_it()
    {
        await using var cluster = await Start(size: 2);
        await Until(() => cluster.Silos.All(SpeaksShort));
        await Older(cluster);

        Assert.DoesNotContain(cluster.Silos, SpeaksShort);
        await TalkAcross(cluster);

        await cluster.Silos[^1].StopAsync(); // until it is gone
        await Until(() => cluster.Silos.Take(2).All(SpeaksShort));
    }

    private static async Task TalkAcross(SiloCluster cluster)
    {
        await cluster.Tenants.Execute("acme", Make.Tenant(Make.Terms(cap: 100)));
        var report = Make.Report("a", session: "s") with { Detail = Make.Detail("jane") };
        for (var i = 0; i < cluster.Silos.Count; i++)
        {
            var answer = Assert.IsType<Answer.Accepted>(await cluster.Tenants.Execute("acme", report));
            Assert.Equal((i > 0, 99, report.OutcomeId), (answer.Duplicate, answer.Remaining, answer.Outcome!.Id));
            var decision = (await cluster.Tenants.Check("acme", Make.One))!;
            Assert.Equal((DecisionKind.Allow, 99, answer.Sequence),
                (decision.Kind, decision.Remaining, decision.Sequence));
        }
        Assert.Equal(Make.Detail("jane").Json, (await cluster.Tenants.Outcome("acme", "a"))!.Detail);
    }

    private Task<SiloCluster> Start(int size) => SiloCluster.Start(redis, _service, size: size,
        services: services =>
        {
            if (_older) services.AddSingleton<IGrainPropertiesProvider, ReadsNothing>();
        });

    private async Task Older(SiloCluster cluster)
    {
        _older = true;
        await cluster.Join();
    }

    private static bool SpeaksShort(WebApplication silo) =>
        !Encoding.UTF8.GetString(silo.Services.GetRequiredService<Serializer<Question>>().SerializeToArray(Make.One))
            .Contains("Quantity", StringComparison.Ordinal);

    private static async Task Until(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>Its manifest says what one from before there was a short form leaves out.</summary>
    private sealed class ReadsNothing : IGrainPropertiesProvider
    {
        public void Populate(Type grainClass, GrainType grainType, Dictionary<string, string> properties) =>
            properties.Add(ReadsMessagesAttribute.Property, "0");
    }
}
