using System.Globalization;
using MeteringGateway.Cluster.Grains;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using MeteringGateway.LoadTests.Rows;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Silos.Figures;

/// <summary>
/// A check as a call of a tenant's grain on another silo, against the same call of a grain there that does nothing. Two
/// silos in this process, so the CPU is that of both ends.
/// </summary>
internal static class GrainRow
{
    private const int Workers = 16;
    private const int Grains = 64;
    private static readonly Question Question = new(
        new Subject("support.resolution", IsActivity: false, new Dimensions("agent-7", "chat")), 1);

    public static async Task<Row> Measure(Options options)
    {
        using var redis = new RedisServer(null);
        await using var here = await OwnSilo.Start(redis);
        await using var there = await OwnSilo.Start(redis);
        await Settle(here, there, "far");
        return Row(options, here, "far");
    }

    private static Row Row(Options options, OwnSilo caller, string name)
    {
        var tenants = Enumerable.Range(0, Grains).Select(i => caller.Grains.GetGrain<ITenantGrain>(Id(name, i)))
            .ToArray();
        var empty = Enumerable.Range(0, Grains).Select(i => caller.Grains.GetGrain<IEmptyGrain>(Id(name, i))).ToArray();
        var check = new InProcess("check", Workers, [], async (worker, step) =>
            await tenants[(worker + step) % Grains].Check(Question, default) is { Kind: DecisionKind.Allow } ? 1
                : throw new InvalidOperationException("not allowed"));
        var same = new InProcess("empty call with the same question and answer", Workers, [], async (worker, step) =>
            await empty[(worker + step) % Grains].Check(Question) is not null ? 1
                : throw new InvalidOperationException("no answer"));
        var nothing = new InProcess("call with no question and no answer", Workers, [], async (worker, step) =>
        {
            await empty[(worker + step) % Grains].Nothing();
            return 1;
        });
        var (ours, theirs) = Pair.Alternate(check, same, options.Pairs, options.Each, options.WarmUp);
        var beside = Pair.Alternate(check, nothing, Math.Min(2, options.Pairs), options.Each, options.WarmUp);
        return new Row("grain decision from another silo, calls/s",
            "an empty grain call with the same question and answer, placed alike, in Orleans' own form", 0.6, 0.85, 0.95,
            Pair.Ratios(ours, theirs),
            [Pair.Describe(check, ours, "calls"), Pair.Describe(same, theirs, "calls"),
            Pair.Describe(nothing, beside.Theirs, "calls"),
             string.Create(CultureInfo.InvariantCulture,
                 $"CPU of the empty call, as a share of a check's: {Statistics.Median(theirs.Zip(ours, (t, o) => t.CpuMicroseconds / o.CpuMicroseconds)):0.00}; {Workers} callers, {Grains} tenants; the CPU is that of both silos and the caller")]);
    }

    /// <summary>Makes the grains, on that silo.</summary>
    private static async Task Settle(OwnSilo caller, OwnSilo home, string name)
    {
        using var hint = home.AsHome();
        // A silo that the caller does not know of yet is nobody's home.
        for (var i = 0; i < 60 && !await IsOn(home, caller, i); i++) await Task.Delay(500);
        for (var i = 0; i < Grains; i++)
        {
            await LoadTenants.Make(caller.Get<ITenants>(), Id(name, i));
            await caller.Grains.GetGrain<IEmptyGrain>(Id(name, i)).Nothing();
        }
        await Prove(caller, home, name);
    }

    private static async Task<bool> IsOn(OwnSilo home, OwnSilo caller, int i)
    {
        var grain = caller.Grains.GetGrain<IEmptyGrain>(Id("first", i));
        await grain.Nothing();
        return home.Get<ILocalSiloDetails>().SiloAddress.Equals(
            await caller.Grains.GetGrain<IManagementGrain>(0).GetActivationAddress(grain));
    }

    /// <summary>A row about calls within a silo must not be about calls between two.</summary>
    private static async Task Prove(OwnSilo caller, OwnSilo home, string name)
    {
        var management = caller.Grains.GetGrain<IManagementGrain>(0);
        var address = home.Get<ILocalSiloDetails>().SiloAddress;
        for (var i = 0; i < Grains; i++)
        {
            var tenant = await management.GetActivationAddress(caller.Grains.GetGrain<ITenantGrain>(Id(name, i)));
            var empty = await management.GetActivationAddress(caller.Grains.GetGrain<IEmptyGrain>(Id(name, i)));
            if (!address.Equals(tenant) || !address.Equals(empty))
                throw new InvalidOperationException($"{Id(name, i)} lives on {tenant} and {empty}, not on {address}");
        }
    }

    private static string Id(string name, int i) => string.Create(CultureInfo.InvariantCulture, $"{name}-{i}");
}
