using MeteringGateway.Engine;

namespace MeteringGateway.Cluster;

/// <summary>
/// A tenant's snapshot as grain storage keeps it: under the state name <c>snapshot</c>, of the grain
/// <c>tenant/{id}</c>.
/// </summary>
[GenerateSerializer]
[Alias("MeteringGateway.TenantSnapshot")]
public sealed class TenantSnapshot
{
    public const string StateName = "snapshot";

    [Id(0)] public long Sequence { get; set; }
    [Id(1)] public byte[] Hash { get; set; } = [];
    [Id(2)] public byte[] State { get; set; } = [];

    public static GrainId IdOf(string tenant) => GrainId.Create("tenant", tenant);

    public static TenantSnapshot Of(StoredSnapshot snapshot) =>
        new() { Sequence = snapshot.Sequence, Hash = snapshot.Hash, State = snapshot.State };

    public StoredSnapshot Stored() => new(Sequence, Hash, State);
}
