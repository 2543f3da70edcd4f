using MeteringGateway.Api.Operations;
using System.Text;
using MeteringGateway.Api.Webhooks;
using MeteringGateway.Core;
using MeteringGateway.Engine;

namespace MeteringGateway.Api.Tests;

/// <summary>Who has the data directory, a backup of it or its Redis, cannot sign as the gateway does.</summary>
public sealed class SecretSealTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task No_file_of_the_data_directory_has_a_secret_and_what_was_sealed_signs_after_a_restart()
    {
        await using var receiver = await Receiver.Start();
        string first, second;
        await using (var gateway = await Start())
        {
            await gateway.Tenant("acme");
            first = await gateway.Webhook("desk", receiver.Url);
            second = (string)(await gateway.Admin.Post("/v1/webhooks/desk/rotate", null,
                ("Idempotency-Key", "r-1")).Is(HttpStatusCode.OK))["secret"]!;
            AssertNowhere(first, second);
        }
        AssertNowhere(first, second);

        await using (var again = await Start())
        {
            await again.Alert("acme");
            var received = await receiver.Next();
            Assert.True(received.IsSignedWith(first) && received.IsSignedWith(second));
            var repeated = await again.Admin.Post("/v1/webhooks/desk/rotate", null, ("Idempotency-Key", "r-1"))
                .Is(HttpStatusCode.OK);
            Assert.Equal(second, (string?)repeated["secret"]);
        }
        AssertNowhere(first, second);
        Assert.NotEmpty(Directory.GetFiles(Keys));
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        foreach (var path in (string[])[Keys, .. Directory.GetFiles(Keys)])
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(path) & ~owner);
    }

    [Fact]
    public async Task A_secret_that_an_earlier_version_left_in_the_clear_is_sealed_by_the_first_write()
    {
        const string old = "whsec_Zm9yIGFuIGVhcmxpZXIgdmVyc2lvbiBvZiB0aGUgZ2E=";
        await using var receiver = await Receiver.Start();
        await using (var store = SqliteStore.Open(Data))
        {
            var now = Instant.From(new FakeClock().GetUtcNow());
            var webhook = new StoredWebhook(1, receiver.Url, null, null, [new StoredSecret(old, now, null, null)],
                null, null, now, now, now);
            await store.PutWebhook(new Document("webhook", "desk", 1, now, "admin", "{}"u8.ToArray()),
                webhook.Write(new SecretSeal(null)), default);
        }
        Assert.True(IsSomewhere(old));

        await using (var gateway = await Start())
        {
            await gateway.Tenant("acme");
            await gateway.Alert("acme");
            Assert.True((await receiver.Next()).IsSignedWith(old));
            await gateway.Admin.Put("/v1/webhooks/desk",
                $$"""{"url":"{{receiver.Url}}","events":["*"],"tenants":"*"}""").Is(HttpStatusCode.OK);
            await gateway.Alert("acme");
            Assert.True((await receiver.Next()).IsSignedWith(old));
        }
        AssertNowhere(old);
    }

    [Fact]
    public async Task Without_its_keys_a_webhook_is_there_and_cannot_be_used_and_can_be_ended()
    {
        await using (var gateway = await Start())
            await gateway.Admin.Put("/v1/webhooks/desk",
                """{"url":"https://example.com/hooks","events":["*"],"tenants":"*"}""").Is(HttpStatusCode.Created);
        Directory.Delete(Keys, recursive: true);

        await using var without = await Start();
        await without.Admin.Get("/v1/webhooks/desk").IsProblem(HttpStatusCode.ServiceUnavailable, "unreadable");
        Assert.Contains(without.Log.Lines, line => line.Contains($"the key ring in '{Keys}' cannot be used",
            StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.NoContent, (await without.Admin.Delete("/v1/webhooks/desk")).StatusCode);
        await without.Admin.Put("/v1/webhooks/desk",
            """{"url":"https://example.com/hooks","events":["*"],"tenants":"*"}""").Is(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("store", true)]
    [InlineData("store/keys", true)]
    [InlineData("store-keys", false)]
    [InlineData("keys", false)]
    [InlineData("..keys", false)]
    public void The_keys_are_not_in_the_data_directory(string keys, bool within) =>
        Assert.Equal(within, SecretSeal.IsWithin(Path.Combine(_directory, keys), Data));

    [Fact]
    public async Task A_start_with_the_keys_in_the_data_directory_is_refused()
    {
        var refused = await Assert.ThrowsAsync<SettingsException>(
            () => Gateway.Start(new() { ["Metering:KeyDirectory"] = Path.Combine(Data, "keys") }, Data));
        Assert.Contains("Metering:KeyDirectory", refused.Message, StringComparison.Ordinal);
    }

    private Task<Gateway> Start() => Gateway.Start(new()
    {
        ["Metering:Webhooks:AllowPrivate"] = "true", ["Metering:KeyDirectory"] = Keys,
    }, Data);

    private string Data => Path.Combine(_directory, "store");
    private string Keys => Path.Combine(_directory, "store-keys");

    private void AssertNowhere(params string[] secrets) =>
        Assert.All(secrets, secret => Assert.False(IsSomewhere(secret), "a file has the secret"));

    /// <summary>As it is written, as bytes, or as JSON escapes it.</summary>
    private bool IsSomewhere(string secret)
    {
        var text = secret["whsec_".Length..];
        byte[][] forms = [Encoding.UTF8.GetBytes(text[..40]), Convert.FromBase64String(text),
            Encoding.UTF8.GetBytes(text[..40].Replace("+", "\\u002B", StringComparison.Ordinal))];
        return Directory.EnumerateFiles(Data, "metering.db*").Select(Read).Any(file => forms.Any(
            form => file.AsSpan().IndexOf(form) >= 0));
    }

    private static byte[] Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}
