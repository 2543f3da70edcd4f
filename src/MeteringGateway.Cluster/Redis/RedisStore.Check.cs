using MeteringGateway.Core;
using MeteringGateway.Engine;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>Whether what is in Redis is as it was written, where the tenants' journals do not say it.</summary>
public sealed partial class RedisStore
{
    /// <summary>Keys that are looked at beside each other.</summary>
    private const int KeysAtOnce = 64;

    public async Task<IReadOnlyList<string>> Check(CancellationToken cancellation)
    {
        var findings = await CheckBooks(cancellation);
        // Redis may name a key twice.
        var before = new HashSet<string>(StringComparer.Ordinal);
        for (string? cursor = "0"; cursor is not null;)
        {
            var answer = (RedisResult[])(await Ask(Scripts.Keys, [], [cursor, Pattern(prefix), RowsAtOnce],
                cancellation))!;
            findings.AddRange(await CheckKeys(
                ((RedisValue[])answer[1]!).Select(key => (string)key!).Distinct().Where(before.Add), cancellation));
            cursor = (string)answer[0]! is var next && next != "0" ? next : null;
        }
        return [.. findings.Distinct()];
    }

    internal async Task<List<string>> CheckBooks(CancellationToken cancellation)
    {
        try
        {
            return await CheckDocuments(cancellation);
        }
        catch (StoreException e)
        {
            return [$"documents: {e.Message}"];
        }
    }

    internal async Task<List<string>> CheckKeys(IEnumerable<string> keys, CancellationToken cancellation)
    {
        var findings = new List<string>();
        foreach (var some in keys.Chunk(KeysAtOnce))
            foreach (var found in await Task.WhenAll(some.Select(key => CheckKey(key, cancellation))))
                findings.AddRange(found);
        return findings;
    }

    /// <summary>Every key of the store with a prefix, whatever stands in it.</summary>
    internal static string Pattern(string prefix) => string.Concat(prefix.Select(one =>
        "*?[]\\^-".Contains(one, StringComparison.Ordinal) ? $"\\{one}" : $"{one}")) + ":*";

    private async Task<List<string>> CheckKey(string key, CancellationToken cancellation)
    {
        var findings = new List<string>();
        RedisValue cursor = "0", counted = 0;
        do
        {
            var answer = (RedisResult[])(await Ask(Scripts.Check, [], [prefix, key, cursor, RowsAtOnce, counted],
                cancellation))!;
            (cursor, counted) = ((RedisValue)answer[0], (RedisValue)answer[1]);
            findings.AddRange(((RedisValue[])answer[2]!).Select(finding => Shown((string)finding!)));
            findings.AddRange(CheckRows(key[(prefix.Length + 1)..], (RedisValue[])answer[3]!));
        }
        while (cursor != "0");
        return findings;
    }

    private static IEnumerable<string> CheckRows(string name, RedisValue[] rows) =>
        name.StartsWith("i:", StringComparison.Ordinal)
            ? rows is [var key, var value, var place] && IsWhole((string)key!, value, place) ? [] : [Damaged(name)]
            : rows.Chunk(4).Where(row => !IsFiled(row)).Select(row => Damaged($"{name} '{row[0]}'"));

    private static bool IsWhole(string key, RedisValue value, RedisValue place)
    {
        try
        {
            return value.HasValue && place == Idempotency(key, value).ExpiresAt.UnixMilliseconds;
        }
        catch (StoreException)
        {
            return false;
        }
    }

    /// <summary>What lists go by follows from the outcome's bytes, and those from the journal.</summary>
    private static bool IsFiled(RedisValue[] row)
    {
        try
        {
            var (packed, bytes) = ((byte[])row[1]!, Packed.Archived((byte[])row[1]!));
            var outcome = EntryCodec.ReadOutcome(bytes);
            return row[0] == outcome.Id && row[2] == outcome.ReportedBy && row[3] == outcome.LastSequence
                && packed.AsSpan().SequenceEqual(Packed.Archived(outcome.Period, outcome.Status, outcome.Reason,
                    outcome.Type, outcome.Session, bytes));
        }
#pragma warning disable CA1031 // Bytes that are not an outcome can fail in any way.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    private async Task<List<string>> CheckDocuments(CancellationToken cancellation)
    {
        var (findings, found) = (new List<string>(), new Dictionary<string, string>(StringComparer.Ordinal));
        for (var last = 0L; ;)
        {
            var answer = await PageOfDocuments(last, cancellation);
            if (Stamp(answer[0]) < last) throw new StoreException("the last of them is not the newest");
            for (var i = 1; i < answer.Length; i += 2)
                try
                {
                    found[Name(Document((string)answer[i]!, (byte[])answer[i + 1]!))] = (string)answer[i]!;
                }
                catch (StoreException e)
                {
                    findings.Add(e.Message);
                }
            if (answer.Length <= 1) break;
            last = Stamp(answer[^2]);
        }
        foreach (var row in await Ask(_ => _redis.HashGetAllAsync(Key("versions"), Master), cancellation))
            if (!found.Remove((string)row.Name!, out var stamp) || stamp != (string)row.Value!)
                findings.Add($"versions: there is no document as '{Shown(row.Name!)}' says");
        findings.AddRange(found.Keys.Select(name => $"versions: the document '{Shown(name)}' is not listed"));
        return findings;
    }

    private static string Shown(string name) => name.Replace('\0', '/');
}
