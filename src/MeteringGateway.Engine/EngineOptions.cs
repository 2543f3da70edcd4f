namespace MeteringGateway.Engine;

/// <summary>What tenants on one machine go by.</summary>
public sealed record EngineOptions
{
    /// <summary>A tenant that nobody asks anything of for so long leaves memory.</summary>
    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// A snapshot is taken when so many entries came after the last one, and twice as many bytes as it has.
    /// </summary>
    public int SnapshotEntries { get; init; } = 50_000;

    /// <summary>
    /// A tenant that leaves memory is snapshotted first if so many entries came after its last snapshot.
    /// </summary>
    public int IdleSnapshotEntries { get; init; } = 200;

    /// <summary>Bytes of a tenant's state in a part of its snapshot, at most; only tests have smaller ones.</summary>
    internal int SnapshotPart { get; init; } = SnapshotSeal.PartSize;

    /// <summary>While so many entries wait for the disk, callers wait before their turn.</summary>
    public int QueueEntries { get; init; } = 100_000;

    /// <summary>While so many bytes wait for the disk, callers wait before their turn.</summary>
    public long QueueBytes { get; init; } = 64 << 20;

    /// <summary>
    /// Callers that may wait for one tenant's turn, for each of people, events and what takes long; others are answered
    /// 503.
    /// </summary>
    public int TurnsWaiting { get; set; } = 10_000;

    /// <summary>
    /// How long a preview of caps may replay a journal before it is given up (422 <c>preview_given_up</c>), up to a
    /// minute; one waits for others twice as long at most. Of silos, less than <c>Metering:Cluster:Patience</c>.
    /// </summary>
    public TimeSpan PreviewTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How often the store is asked for tenants that are not in memory and that something is due for.
    /// </summary>
    public TimeSpan DuePoll { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long an orderly end may take to snapshot tenants; it saves the next start time, and nothing else.
    /// </summary>
    public TimeSpan ShutdownSnapshots { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Tenants that one process tells of by name in <c>/metrics</c>: of those near or at a limit, and of those in
    /// memory, so many each (<see href="#how-many-series">how many series</see>); 0: none.
    /// </summary>
    public int WatchedTenants { get; init; } = 100;

    /// <summary>How much of each kind one tenant may have (N4).</summary>
    public Core.TenantLimits Limits { get; init; } = new();

    /// <summary>Signals that may wait for one reader before it is closed as too slow.</summary>
    public int SignalBuffer { get; init; } = 256;
}
