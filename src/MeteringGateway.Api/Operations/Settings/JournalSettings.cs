namespace MeteringGateway.Api.Operations;

/// <summary>Where entries of closed periods go: section <c>Metering:Journal</c>.</summary>
public sealed class JournalSettings
{
    /// <summary>
    /// The directory of <see href="#segments">segments</see>, to which entries and outcomes of closed periods are
    /// moved; of silos one that all of them have. Without it everything stays in the store.
    /// </summary>
    public string? Segments { get; set; }

    /// <summary>
    /// So long after a period was closed its entries are moved by themselves; without it when <c>metering seal</c> is
    /// run.
    /// </summary>
    public TimeSpan? SealAfter { get; set; }

    /// <summary>The store with its segments.</summary>
    public SegmentedStore Over(IStore store) => new(store, Segments is null ? null : new Segments(Segments));
}
