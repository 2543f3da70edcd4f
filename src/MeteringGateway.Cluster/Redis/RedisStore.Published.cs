using MeteringGateway.Engine;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

public sealed partial class RedisStore
{
    public async ValueTask<UnpublishedPage> Unpublished(string? after, int limit, CancellationToken cancellation)
    {
        var answer = (RedisValue[])(await Ask(Scripts.Unpublished, [], [prefix, after is null ? "-" : "(" + after,
            limit], cancellation))!;
        var behind = new List<Unpublished>();
        for (var i = 1; i + 2 < answer.Length; i += 3)
            behind.Add(new Unpublished((string)answer[i]!, (long)answer[i + 1], (long)answer[i + 2]));
        return new UnpublishedPage(behind, (string)answer[0]! is { Length: > 0 } next ? next : null);
    }

    public async ValueTask Published(IReadOnlyList<PublishedTo> tenants, CancellationToken cancellation)
    {
        var arguments = new List<RedisValue>();
        foreach (var (tenant, sequence) in tenants) arguments.AddRange(tenant, sequence);
        await Ask(Scripts.Published, [Key("published"), Key("seals")], [.. arguments], cancellation);
    }
}
