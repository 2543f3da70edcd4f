using System.Net.Http.Json;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;
using StackExchange.Redis;

namespace MeteringGateway.Program.Tests;

/// <summary><c>metering journal --check</c>: a whole store, bit for bit.</summary>
public sealed class JournalCheckTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_flipped_bit_of_a_keys_permissions_an_index_or_a_journal_is_named_and_nothing_else_is_said()
    {
        using (var server = GatewayServer.Start(Options.DefaultDll(), _directory))
        {
            await Metering.Fill(server, "acme", 3);
            await Metering.Fill(server, "zoo", 1);
            using var http = Metering.Administrator(server);
            using var made = await http.PostAsJsonAsync(new Uri("/v1/keys", UriKind.Relative),
                new { role = "finance", tenants = (string[])["acme"] });
            made.EnsureSuccessStatusCode();
            using var told = await http.PostAsJsonAsync(new Uri("/v1/tenants/acme/outcomes", UriKind.Relative),
                new { outcome_type = "support.resolution", end_customer = "mrs-doe-4711" });
            told.EnsureSuccessStatusCode();
            Assert.Equal(0, server.Process.Stop());
        }
        var good = await Check();
        Assert.Equal((0, ""), (good.Code, good.Error));
        Assert.Contains("the store is as it was written", good.Output, StringComparison.Ordinal);
        Assert.Equal(3, good.Output.Trim().Split('\n').Length); // and each tenant

        await Finds("finance", 0, "documents: the row 'key/");
        await Finds("mrs-doe-4711", 0, "details");
        await Finds("CREATE TABLE documents", 7, "malformed database schema (documents)");
        await Finds("acme-2", 5, "acme");

        var none = await Metering.Run("journal", "--data-directory", _directory);
        Assert.NotEqual(0, none.Code);
        Assert.Contains("--tenant is missing", none.Error, StringComparison.Ordinal);

        // The last place where it is: an index is behind its table.
        async Task Finds(string text, int offset, string place)
        {
            var path = Path.Combine(_directory, "metering.db");
            var whole = await File.ReadAllBytesAsync(path);
            var bytes = (byte[])whole.Clone();
            var at = bytes.AsSpan().LastIndexOf(System.Text.Encoding.UTF8.GetBytes(text));
            Assert.True(at >= 0, text);
            bytes[at + offset] ^= 1;
            await File.WriteAllBytesAsync(path, bytes);
            var found = await Check();
            Assert.True(found.Code == 1, $"{text}: {found.Output} {found.Error}");
            Assert.Contains(place, found.Error, StringComparison.Ordinal);
            await File.WriteAllBytesAsync(path, whole);
        }
    }

    [FactIfRedis]
    public async Task A_store_in_a_Redis_is_checked_as_a_whole()
    {
        using var redis = new RedisServer(null);
        using (var silo = Metering.Silo(redis, $"--Metering:KeyDirectory={Path.Combine(_directory, "keys")}"))
        {
            await Metering.Fill(silo, "acme", 3);
            using var http = Metering.Administrator(silo);
            using var put = await http.PutAsJsonAsync(new Uri("/v1/webhooks/desk", UriKind.Relative),
                new { url = "https://finance.example/hooks", events = (string[])["cap.reached"], tenants = "*" });
            put.EnsureSuccessStatusCode();
            Assert.Equal(0, silo.Process.Stop());
        }
        var good = await Check();
        Assert.Equal((0, ""), (good.Code, good.Error));
        Assert.Contains("the store is as it was written", good.Output, StringComparison.Ordinal);

        await using var connection = await ConnectionMultiplexer.ConnectAsync(Metering.Address(redis));
        var store = connection.GetDatabase();
        byte[] webhook = [.. (byte[])(await store.HashGetAsync("metering:webhooks", "desk"))!];
        webhook[^3] ^= 1;
        await store.HashSetAsync("metering:webhooks", "desk", webhook);
        await store.SortedSetAddAsync("metering:tenants", "acne", 0);
        var found = await Check();
        Assert.Equal(1, found.Code);
        Assert.Contains("webhooks 'desk' is not what was written", found.Error, StringComparison.Ordinal);
        Assert.Contains("tenants 'acne' is not what was written", found.Error, StringComparison.Ordinal);
        Assert.Contains("acme: ", found.Output, StringComparison.Ordinal); // whose journal is good

        Task<Ended> Check() => Metering.Run("journal", "--check", "--redis", Metering.Address(redis));
    }

    private Task<Ended> Check() => Metering.Run("journal", "--check", "--data-directory", _directory);
}
