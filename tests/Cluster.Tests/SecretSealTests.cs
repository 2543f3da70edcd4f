using System.Text;
using MeteringGateway.Cluster.Tests.Support;

namespace MeteringGateway.Cluster.Tests;

/// <summary>Silos seal webhooks' secrets with keys that they share, and that are not in Redis.</summary>
public sealed class SecretSealTests : IAsyncLifetime
{
    private const string Body = """{"url":"https://example.com/hooks","events":["*"],"tenants":"*"}""";
    private readonly string _keys = Directory.CreateTempSubdirectory("metering-keys").FullName;
    private RedisServer _redis = null!;

    public async Task InitializeAsync() => _redis = await RedisServer.Run();

    public async Task DisposeAsync()
    {
        await _redis.DisposeAsync();
        Directory.Delete(_keys, recursive: true);
    }

    [Fact]
    public async Task A_secret_is_sealed_by_one_silo_opened_by_the_others_and_not_in_Redis()
    {
        await using var silos = await SiloCluster.Start(_redis, "sealed",
            new Dictionary<string, string?> { ["Metering:KeyDirectory"] = _keys });
        var secrets = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            // Each silo makes one, before it has read what the others have made.
            using var silo = Client(silos.Addresses[i]);
            secrets.Add((string)(await silo.Put($"/v1/webhooks/desk-{i}", Body).Is(HttpStatusCode.Created))["secret"]!);
        }
        foreach (var address in silos.Addresses)
            for (var i = 0; i < 3; i++)
            {
                using var silo = Client(address);
                await silo.Get($"/v1/webhooks/desk-{i}").Is(HttpStatusCode.OK);
                var rotated = await silo.Post($"/v1/webhooks/desk-{i}/rotate", null).Is(HttpStatusCode.OK);
                secrets.Add((string)rotated["secret"]!);
            }

        var files = Directory.EnumerateFiles(_redis.Directory, "*", SearchOption.AllDirectories)
            .Select(File.ReadAllBytes).ToList();
        Assert.Contains(files, file => file.AsSpan().IndexOf("desk-2"u8) >= 0);
        Assert.All(secrets, secret => Assert.DoesNotContain(files, file =>
            file.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret[6..46].Replace("+", "\\u002B",
                StringComparison.Ordinal))) >= 0));
    }

    [Fact]
    public async Task Silos_without_shared_keys_make_no_secrets()
    {
        await using var silos = await SiloCluster.Start(_redis, "unsealed", size: 1);
        using var silo = Client(silos.Addresses[0]);
        var problem = await silo.Put("/v1/webhooks/desk", Body).IsProblem(HttpStatusCode.Conflict, "no_key_directory");
        Assert.Contains("Metering:KeyDirectory", (string)problem["detail"]!, StringComparison.Ordinal);
    }

    private static HttpClient Client(Uri address)
    {
        var client = new HttpClient { BaseAddress = address };
        client.DefaultRequestHeaders.Add("Authorization", "Bearer " + SiloCluster.AdminKey);
        return client;
    }
}
