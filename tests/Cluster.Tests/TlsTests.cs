using MeteringGateway.Api.Operations;
using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;
using Microsoft.Extensions.DependencyInjection;

namespace MeteringGateway.Cluster.Tests;

/// <summary>Connections to Redis and between silos are TLS where the settings say so, and to nobody else.</summary>
[Collection(SharedRedis.Name)]
public sealed class TlsTests(RedisServer plain) : IDisposable
{
    private readonly Certificates _ours = new();
    private readonly Certificates _others = new();

    public void Dispose()
    {
        _ours.Dispose();
        _others.Dispose();
    }

    [Fact]
    public async Task Redis_is_trusted_by_its_authority_and_asked_with_the_silos_own_certificate()
    {
        var server = _ours.Sign("redis");
        await using var redis = await RedisServer.Run("--port", "0", "--tls-port", RedisServer.OwnPort,
            "--tls-cert-file", server.Certificate, "--tls-key-file", server.Key, "--tls-ca-cert-file", _ours.Ca);
        await using (var cluster = await SiloCluster.Start(redis, "tls", Redis(_ours, _ours), size: 1))
        {
            await cluster.Tenants.Execute("acme", Make.Tenant());
            Assert.IsType<Answer.Accepted>(await cluster.Tenants.Execute("acme", Make.Report("a")));
        }

        foreach (var wrong in (Dictionary<string, string?>[])[Redis(_others, _ours), Redis(_ours, _others), []])
        {
            wrong["Metering:Cluster:Patience"] = "00:00:01";
            var refused = await Assert.ThrowsAsync<StoreException>(() =>
                SiloCluster.Start(redis, "tls", wrong, size: 1));
            Assert.Contains("Metering:Cluster:Redis", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Silos_talk_to_those_alone_whose_certificate_their_authority_signed()
    {
        var service = Guid.NewGuid().ToString("N");
        await using var cluster = await SiloCluster.Start(plain, service, Silo(_ours), size: 2);
        for (var i = 0; i < 12; i++) // some of them live on the other silo
            foreach (var _ in cluster.Silos) await cluster.Tenants.Execute($"t{i}", Make.Tenant());
        foreach (var silo in cluster.Silos)
            for (var i = 0; i < 12; i++)
                Assert.NotNull(await silo.Services.GetRequiredService<ITenants>().Tenant($"t{i}"));

        await Assert.ThrowsAnyAsync<Exception>(() => SiloCluster.Start(plain, service, Silo(_others), size: 1));
    }

    [Fact]
    public async Task A_certificate_that_its_own_authority_has_not_signed_is_refused_at_the_start()
    {
        var settings = Silo(_ours);
        settings["Metering:Cluster:SiloTls:Ca"] = _others.Ca;
        var refused = await Assert.ThrowsAsync<SettingsException>(() =>
            SiloCluster.Start(plain, Guid.NewGuid().ToString("N"), settings, size: 1));
        Assert.Contains("SiloTls:Certificate is not signed by", refused.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, string?> Redis(Certificates trusted, Certificates own)
    {
        var (certificate, key) = own.Sign("silo");
        return new()
        {
            ["Metering:Cluster:RedisTls:Ca"] = trusted.Ca, ["Metering:Cluster:RedisTls:Certificate"] = certificate,
            ["Metering:Cluster:RedisTls:Key"] = key,
        };
    }

    private static Dictionary<string, string?> Silo(Certificates own)
    {
        var (certificate, key) = own.Sign("silo");
        return new()
        {
            ["Metering:Cluster:SiloTls:Ca"] = own.Ca, ["Metering:Cluster:SiloTls:Certificate"] = certificate,
            ["Metering:Cluster:SiloTls:Key"] = key,
        };
    }
}
