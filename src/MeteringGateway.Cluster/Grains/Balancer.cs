using MeteringGateway.Api.Operations;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster.Grains;

/// <summary>
/// Spreads tenants evenly over the silos: a new activation goes where there is room, but one that is active stays where
/// it is, so that a silo which joins would have nothing to do. Every silo works out by itself, from how many tenants
/// each has, how many of its own have to go where; all of them come to the same plan.
/// </summary>
internal sealed class Balancer(IGrainFactory grains, ILocalSiloDetails silo, LocalTenants tenants, Stays stays,
    ClusterSettings settings, ILogger<Balancer> log) : BackgroundService
{
    /// <summary>At once, of one silo: a tenant that moves answers nobody until it is loaded again.</summary>
    private const int MostAtOnce = 500;

    /// <summary>
    /// Bytes to load beyond which a tenant stays where it is: its callers would notice the move.
    /// </summary>
    private const long Heavy = 16 << 20;

    private static readonly string TenantGrains = typeof(TenantGrain).FullName!;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (settings.BalanceEvery == TimeSpan.Zero) return;
        using var timer = new PeriodicTimer(settings.BalanceEvery);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            try
            {
                await Balance();
            }
#pragma warning disable CA1031 // A silo does not answer, or this one is on its way out: the next time will tell.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                log.LogDebug(failure, "How many tenants each silo has is not known");
            }
    }

    private async Task Balance()
    {
        foreach (var (to, count) in Moves(await Counts(), silo.SiloAddress))
        {
            var leaving = stays.All.Where(stay => tenants.BytesToLoad(stay.Id) <= Heavy)
                .Take(Math.Min(count, MostAtOnce)).ToList();
            log.LogInformation("{Count} tenants of this silo move to silo {Silo}, which has fewer", leaving.Count, to);
            foreach (var stay in leaving) stay.Leave(to);
        }
    }

    private async Task<Dictionary<SiloAddress, int>> Counts()
    {
        var management = grains.GetGrain<IManagementGrain>(0);
        var hosts = await management.GetHosts(onlyActive: true);
        var counts = hosts.Keys.ToDictionary(host => host, _ => 0);
        foreach (var one in await management.GetSimpleGrainStatistics([.. hosts.Keys]))
            // The type's name, and after a comma that of its assembly.
            if (one.GrainType.Split(',')[0] == TenantGrains) counts[one.SiloAddress] += one.ActivationCount;
        return counts;
    }

    /// <summary>
    /// How many tenants have to go from one silo to which. None, as long as the fullest has no more than a tenth above
    /// the emptiest, or one: to move a tenant costs more than that gains.
    /// </summary>
    /// <param name="counts">Tenants of each silo that may have some.</param>
    internal static List<(SiloAddress To, int Count)> Moves(IReadOnlyDictionary<SiloAddress, int> counts,
        SiloAddress from)
    {
        var moves = new List<(SiloAddress, int)>();
        if (!counts.ContainsKey(from)) return moves;
        var silos = counts.OrderByDescending(one => one.Value).ThenBy(one => one.Key).ToList();
        var (share, over) = Math.DivRem(counts.Values.Sum(), silos.Count);
        if (silos[0].Value - silos[^1].Value <= Math.Max(1, share / 10)) return moves;

        // The fullest keep what cannot be divided. Who has too many gives to who lacks some, both in order.
        var owed = silos.Select((one, i) => one.Value - share - (i < over ? 1 : 0)).ToList();
        for (int giver = 0, taker = silos.Count - 1; owed[giver] > 0 && owed[taker] < 0;)
        {
            var count = Math.Min(owed[giver], -owed[taker]);
            if (silos[giver].Key.Equals(from)) moves.Add((silos[taker].Key, count));
            if ((owed[giver] -= count) == 0) giver++;
            if ((owed[taker] += count) == 0) taker--;
        }
        return moves;
    }
}
