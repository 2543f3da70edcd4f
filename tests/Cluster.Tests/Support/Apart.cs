using System.Reflection;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster.Tests.Support;

/// <summary>
/// An edition that others use too, as if it were a test's own: tenants and idempotency keys have a prefix that nobody
/// else has, and nobody else's are listed.
/// </summary>
public class Apart : DispatchProxy
{
    private const int All = 100_000;
    private string _prefix = "";
    private ITenants _tenants = null!;

    public static ITenants Of(ITenants tenants, string prefix)
    {
        var proxy = Create<ITenants, Apart>();
        var apart = (Apart)(object)proxy;
        (apart._tenants, apart._prefix) = (tenants, prefix);
        return proxy;
    }

#pragma warning disable CA2012 // The proxy hands on what its caller awaits.
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
    {
        nameof(ITenants.List) => List((string?)args![0], (int)args[1]!),
        nameof(ITenants.Attention) => Attention((IReadOnlyCollection<string>?)args![0], (TenantInNeed?)args[1],
            (int)args[2]!),
        _ => targetMethod.Invoke(_tenants, [Mine((string)args![0]!), .. args.Skip(1).Select(Mine)]),
    };
#pragma warning restore CA2012

    private object? Mine(object? argument) =>
        argument is IdempotencyKey key ? key with { Key = Mine(key.Key) } : argument;

    private string Mine(string name) => _prefix + name;

    private bool IsMine(string tenant) => tenant.StartsWith(_prefix, StringComparison.Ordinal);

    private async ValueTask<IReadOnlyList<string>> List(string? after, int limit) =>
        [.. (await _tenants.List(Mine(after ?? ""), limit)).Where(IsMine).Select(tenant => tenant[_prefix.Length..])];

    private async ValueTask<IReadOnlyList<TenantInNeed>> Attention(IReadOnlyCollection<string>? among,
        TenantInNeed? after, int limit)
    {
        var rows = await _tenants.Attention(among is null ? null : [.. among.Select(Mine)],
            after is null ? null : after with { Tenant = Mine(after.Tenant) }, among is null ? All : limit);
        return [.. rows.Where(row => IsMine(row.Tenant)).Take(limit)
            .Select(row => row with { Tenant = row.Tenant[_prefix.Length..] })];
    }
}
