using System.Buffers.Binary;
using System.Globalization;
using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;
using StackExchange.Redis;
using Xunit.Abstractions;

namespace MeteringGateway.Cluster.Tests;

/// <summary>
/// One flipped bit in what a Redis holds under each key, in the form in which it writes it to its own files: each that
/// changes what is read is found, and said where. And so is a key whose name is another.
/// </summary>
public sealed class RedisDamageTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Prefix = "me[t]ring";
    private const int FlipsOfKey = 60;
    private RedisServer _server = null!;
    private ConnectionMultiplexer _connection = null!;
    private IDatabase _redis = null!;
    private RedisStore _store = null!;

    public async Task InitializeAsync()
    {
        // Bytes as they are; and what is no value of Redis is refused when it is put back, as at its start.
        _server = await RedisServer.Run("--rdbcompression", "no", "--sanitize-dump-payload", "yes");
        _connection = await ConnectionMultiplexer.ConnectAsync(_server.ConnectionString);
        (_redis, _store) = (_connection.GetDatabase(), SharedRedis.Store(_connection, Prefix));
        await RedisDamage.Fill(_store, "acme", "zoo");
        await _redis.StringSetAsync("metering:t:another", "of another store");
    }

    public async Task DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Each_flipped_bit_under_every_key_is_found_and_named()
    {
        Assert.Null(await Check());
        var (flips, refused, kinds, silent) = (0, 0, new HashSet<string>(), new List<string>());
        foreach (var key in await Keys())
        {
            var whole = await _redis.KeyDumpAsync(key);
            var before = await Shown(key);
            var bytes = whole!.Length - Crc64.Footer;
            foreach (var at in Enumerable.Range(0, bytes).Where(at => bytes <= FlipsOfKey
                || at * FlipsOfKey / bytes != (at - 1) * FlipsOfKey / bytes))
            {
                if (!await TryRestore(key, Crc64.Flipped(whole, at, at * 3 % 8)))
                {
                    refused++;
                    continue;
                }
                // Counters of a stream that nobody reads.
                if (await Shown(key) != before)
                {
                    var found = await Check();
                    if (found is null) silent.Add($"{key}, byte {at}: nobody noticed\n{before}\n{await Shown(key)}");
                    else if (string.Join(", ", [found, .. await _store.Check(default)]) is var all && !Names(all, key))
                        silent.Add($"{key}, byte {at}: {all}");
                    flips++;
                    kinds.Add(Kind(key));
                }
                Assert.True(await TryRestore(key, whole));
            }
        }
        output.WriteLine($"{flips} flips found, {refused} refused by Redis, of keys of {kinds.Count} kinds");
        Assert.True(silent.Count == 0, string.Join('\n', silent));
        Assert.Null(await Check());
        Assert.Equal("a af as clusters d delivered deliveries delivery documents due ended expires failed head heads i "
            + "ids j number outbox p pending position published seals severity t tenants versions waiting webhooks",
            string.Join(' ', kinds.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task A_key_of_another_name_is_found_whatever_it_holds()
    {
        foreach (var key in await Keys())
            // Without the colon it is no key of this store. Which clusters work here may be missing, as it is said
            // anew; so may details, which may be erased.
            for (var at = Prefix.Length + (Kind(key) is "clusters" or "d" ? 1 : 0); at < key.Length; at += 3)
            {
                var other = key[..at] + (char)(key[at] ^ 1) + key[(at + 1)..];
                if (!await _redis.KeyRenameAsync(key, other, When.NotExists)) continue;
                var found = await Check();
                Assert.True(found is not null, $"{key} as {other}: nobody noticed");
                await _redis.KeyRenameAsync(other, key);
            }
        Assert.Null(await Check());
    }

    [Fact]
    public async Task What_was_changed_is_never_acted_upon()
    {
        await Refuses("webhooks", "hook", () => _store.Webhooks(default).AsTask());
        await Refuses("delivery:1", "body", () => _store.Heads("hook", 10, default).AsTask());
        await Refuses("delivery:1", "body", () => _store.Deliveries("hook", null, null, 10, default).AsTask());
        await Refuses("delivery:1", "seal", () => _store.Delivery("hook", "d-1", default).AsTask());
        var row = await _redis.StringGetAsync($"{Prefix}:i:k:acme:1");
        await _redis.StringSetAsync($"{Prefix}:i:k:acme:1", Flipped(row));
        await Assert.ThrowsAsync<StoreException>(() => _store.Idempotent("acme", "k:acme:1", default).AsTask());
        await _redis.StringSetAsync($"{Prefix}:i:k:acme:1", row);
        Assert.Null(await Check());

        async Task Refuses(string key, string member, Func<Task> read)
        {
            var value = await _redis.HashGetAsync($"{Prefix}:{key}", member);
            await _redis.HashSetAsync($"{Prefix}:{key}", member, Flipped(value));
            var error = await Assert.ThrowsAsync<StoreException>(read);
            Assert.Contains(key, error.Message, StringComparison.Ordinal);
            await _redis.HashSetAsync($"{Prefix}:{key}", member, value);
            await read();
        }
    }

    [Fact]
    public async Task Rows_that_a_program_of_before_there_were_digests_wrote_are_taken_for_what_they_say()
    {
        // As that program's scripts leave them: new ones, and those that it changed.
        var row = (byte[])(await _redis.StringGetAsync($"{Prefix}:i:k:acme:1"))!;
        await _redis.StringSetAsync($"{Prefix}:i:k:acme:1", row[..^16]);
        await _redis.HashSetAsync($"{Prefix}:delivery:1", "attempts", "another");
        await _redis.SortedSetAddAsync($"{Prefix}:deliveries:0:hook", "1", 1);
        await _redis.HashDeleteAsync($"{Prefix}:delivery:2", "seal");
        await _redis.SortedSetAddAsync($"{Prefix}:deliveries:1:hook", "2", 2);
        await _redis.HashSetAsync($"{Prefix}:published", "acme", "5");
        await _redis.HashSetAsync($"{Prefix}:published", "zoo", "2");
        await _redis.HashDeleteAsync($"{Prefix}:t:zoo", "q");
        await _redis.HashSetAsync($"{Prefix}:clusters", "cluster", "1900000000000");
        await _store.Put(RedisDamage.Of("webhook", "hook", 2), default);
        await _redis.HashSetAsync($"{Prefix}:webhooks", "hook", "{}");
        await _redis.HashSetAsync($"{Prefix}:webhooks", "other", "{}");
        Assert.Null(await Check());
        Assert.Equal([3], (await _store.Idempotent("acme", "k:acme:1", default))!.Answer);
        Assert.Equal(5, (await _store.Deliveries("hook", null, null, 10, default)).Count);
        Assert.Equal(["hook", "other"], (await _store.Webhooks(default)).Select(one => one.Id));

        // What is written next has its digest.
        await _store.Record([.. await _store.Deliveries("hook", null, null, 10, default)], default);
        await _store.PutWebhook(RedisDamage.Of("webhook", "hook", 3), [.. "{}"u8], default);
        Assert.Null(await Check());
        foreach (var (key, member) in (ReadOnlySpan<(string, string)>)[("delivery:1", "attempts"),
            ("delivery:2", "body"), ("webhooks", "hook")])
            _redis.HashSet($"{Prefix}:{key}", member, Flipped(_redis.HashGet($"{Prefix}:{key}", member)));
        Assert.Equal(["delivery:1 is", "delivery:2 is", "seals 'webhook:hook'", "webhooks 'hook'"],
            (await _store.Check(default)).Select(finding => string.Join(' ', finding.Split(' ').Take(2))).Order());
    }

    private static byte[] Flipped(RedisValue value)
    {
        byte[] bytes = [.. (byte[])value!];
        bytes[^1] ^= 1;
        return bytes;
    }

    private Task<string?> Check() => StoreDamage.Of(_store, "acme", "zoo");

    private async Task<List<string>> Keys()
    {
        var keys = new List<string>();
        await foreach (var key in _connection.GetServers().Single().KeysAsync())
            if (((string)key!).StartsWith(Prefix, StringComparison.Ordinal)) keys.Add(key!);
        keys.Sort(StringComparer.Ordinal);
        return keys;
    }

    private static string Kind(string key) => key[(Prefix.Length + 1)..].Split(':')[0];

    /// <summary>What was found names the key, its tenant or what belongs together with it.</summary>
    private static bool Names(string found, string key) => key[(Prefix.Length + 1)..].Split(':') is var words
        && (found.Contains(words[0], StringComparison.Ordinal) || words.Length > 1
            && found.Contains(words[1], StringComparison.Ordinal)
            || Together(words[0]).Any(word => found.Contains(word, StringComparison.Ordinal)));

    private static string[] Together(string kind) => kind switch
    {
        "tenants" or "due" or "severity" => ["t:acme", "t:zoo"],
        "outbox" => ["alert"],
        "webhooks" => ["webhook:"],
        "deliveries" or "pending" or "ended" or "waiting" or "head" or "heads" or "ids" or "number" => ["delivery:"],
        "versions" or "documents" => ["document"],
        "expires" => ["i:"],
        "delivered" or "failed" => ["delivery:"],
        "position" => ["outbox"],
        _ => [],
    };

    private async Task<bool> TryRestore(string key, byte[] payload)
    {
        try
        {
            await _redis.ExecuteAsync("RESTORE", key, 0, payload, "REPLACE");
            return true;
        }
        catch (RedisServerException)
        {
            return false;
        }
    }

    /// <summary>All that can be read of a key.</summary>
    private async Task<string> Shown(string key)
    {
        var type = await _redis.KeyTypeAsync(key);
        string[] command = type switch
        {
            RedisType.String => ["GET", key],
            RedisType.Hash => ["HGETALL", key],
            RedisType.SortedSet => ["ZRANGE", key, "0", "-1", "WITHSCORES"],
            RedisType.Stream => ["XRANGE", key, "-", "+"],
            _ => ["TYPE", key],
        };
        var text = new List<string> { type.ToString() };
        Add(await _redis.ExecuteAsync(command[0], [.. command[1..]]));
        if (type == RedisType.Stream)
        {
            var info = await _redis.StreamInfoAsync(key);
            text.Add($"{info.Length} {info.LastGeneratedId}");
        }
        return string.Join('|', text);

        void Add(RedisResult result)
        {
            if (result.Length < 0) text.Add(result.IsNull ? "-" : Convert.ToHexString((byte[])result!));
            else foreach (var one in (RedisResult[])result!) Add(one);
        }
    }
}

/// <summary>A key as Redis dumps it: the value, two bytes of version, and a CRC over all of that.</summary>
internal static class Crc64
{
    public const int Footer = 10;

    /// <summary>With a bit flipped, and a CRC that says that it is not.</summary>
    public static byte[] Flipped(byte[] dump, int at, int bit)
    {
        byte[] bytes = [.. dump];
        bytes[at] ^= (byte)(1 << bit);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(bytes.Length - 8), Of(bytes.AsSpan(0, bytes.Length - 8)));
        return bytes;
    }

    /// <summary>As Redis does it: Jones' polynomial, reflected, from 0.</summary>
    private static ulong Of(ReadOnlySpan<byte> bytes)
    {
        ulong crc = 0;
        foreach (var one in bytes)
        {
            crc ^= one;
            for (var i = 0; i < 8; i++) crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0x95ac9329ac4bc9b5;
        }
        return crc;
    }
}

/// <summary>Something of everything.</summary>
internal static class RedisDamage
{
    public static Task Fill(RedisStore store, params string[] ids) => Fill(store, store, ids);

    public static async Task Fill(IStore store, RedisStore books, params string[] ids)
    {
        var time = new FakeTime(TestEngine.Begin.ToDateTimeOffset());
        var clock = new TestClock(TestEngine.Begin, FollowEvents: false);
        await using (var tenants = new LocalTenants(store, new EngineOptions { IdleSnapshotEntries = 1 }, time))
        {
            await tenants.StartAsync();
            foreach (var tenant in ids)
            {
                // One that has a due time in real time, and one whose outcomes have left memory.
                await tenants.Execute(tenant, Make.Tenant(Make.Terms(cap: 4, warnAt: 50),
                    tenant == ids[0] ? clock : null));
                foreach (var id in (string[])["a", "b", "c"])
                    await tenants.Execute(tenant, Make.Report(id) with { Detail = Make.Detail("u-" + id) });
                if (tenant != ids[0]) continue;
                await tenants.Execute(tenant, new Command.AdvanceClock(Instant.Parse("2027-02-20T00:00:00Z")));
                await tenants.Execute(tenant, Make.Report("d"));
            }
        }
        await Beside(store, ids[0], (await store.Load(ids[0], default))!);
        await books.OtherCluster("cluster", TimeSpan.FromSeconds(1), isStart: true, default);
    }

    private static async Task Beside(IStore store, string tenant, StoredTenant stored)
    {
        await store.Append([new TenantBatch(tenant, stored.Hash, stored.Sequence + 1, 0, default, stored.Hash, null, [],
            [], [new IdempotencyRow("k:acme:1", new byte[32], [3], new Instant(1_900_000_000_000))], [])], default);
        foreach (var version in (int[])[1, 2]) await store.Put(Of("key", "k-1", version), default);
        await store.PutWebhook(Of("webhook", "hook", 1), [.. "{\"url\":\"https://example.org\"}"u8], default);
        await store.PutWebhook(Of("webhook", "gone", 1), [.. "{\"url\":\"https://example.org\"}"u8], default);
        await store.PutWebhook(Of("webhook", "gone", 2), null, default);
        await store.Published([new PublishedTo(tenant, 3)], default);
        await store.Dispatch([], [.. Enumerable.Range(1, 5).Select(i => new Delivery(0, "hook",
            string.Create(CultureInfo.InvariantCulture, $"d-{i}"), tenant, i, "cap.reached", [.. "{}"u8],
            TestEngine.Begin) { GiveUpAt = TestEngine.Begin + TimeSpan.FromDays(1) })], default);
        foreach (var (id, status) in ((string, DeliveryStatus)[])
            [("d-2", DeliveryStatus.Delivered), ("d-3", DeliveryStatus.Failed)])
            await store.Record([(await store.Delivery("hook", id, default))! with
            {
                Status = status, Tries = 2, EndedAt = TestEngine.Begin + TimeSpan.FromHours(1), Attempts = [1, 2],
            }], default);
    }

    public static Document Of(string kind, string id, int version) => new(kind, id, version, TestEngine.Begin,
        "admin", [.. "{\"role\":\"agent\",\"permissions\":[\"allowance\"]}"u8]);
}
