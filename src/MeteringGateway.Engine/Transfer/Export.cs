namespace MeteringGateway.Engine;

/// <summary>
/// Writes all that a store holds into a file that <see cref="Import"/> reads; defined in <c>docs/journal.md</c>.
/// </summary>
public static class Export
{
    /// <summary>Kinds of documents, in the order in which they are written.</summary>
    internal static readonly string[] Kinds = ["plan", "terms", "key", "webhook"];

    /// <summary>
    /// Only reads the store. The file holds webhooks' secrets and personal detail: it is for its owner alone.
    /// </summary>
    /// <exception cref="TransferException">A journal is damaged, or the store is an import that was not
    /// finished.</exception>
    public static async Task<TransferSummary> Write(IStore store, Stream to, TransferOptions options,
        CancellationToken cancellation)
    {
        await Import.DemandFinished(store, cancellation);
        using var writer = new ExportWriter(to);
        var summary = await new Exporter(store, writer, options, cancellation).Run();
        await to.FlushAsync(cancellation);
        return summary;
    }
}
