using System.Text;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>Reads what <see cref="Export"/> wrote into an empty store, and proves that it is the same.</summary>
public static class Import
{
    /// <summary>
    /// A document of this kind says that an import began (version 1) and that it is whole (version 2).
    /// </summary>
    private const string Kind = "import";

    /// <summary>Checks a file as an import would, and writes nothing.</summary>
    /// <exception cref="TransferException">The file was altered or cut short, or what a journal comes to is not what
    /// the file says.</exception>
    public static async Task<TransferSummary> Check(Stream from, TransferOptions options,
        CancellationToken cancellation) =>
        (await Checked(from, options, cancellation)).Summary;

    /// <summary>
    /// Checks the whole file first and writes nothing if there is anything wrong with it. Then writes each tenant under
    /// the fence, folds it from entry 1, loads it back, and compares hash and digest each time.
    /// </summary>
    /// <param name="open">The file from its beginning; called twice.</param>
    /// <param name="into">Empty, and nobody else's as long as this takes. After an error it is not to be used: see
    /// <see cref="DemandFinished"/>.</param>
    /// <exception cref="TransferException">The file is not good, the store is not empty, or a tenant was not written as
    /// it was.</exception>
    public static async Task<TransferSummary> Read(Func<Stream> open, IStore into, TransferOptions options,
        CancellationToken cancellation)
    {
        await DemandEmpty(into, cancellation);
        Importer check;
        await using (var file = open()) check = await Checked(file, options, cancellation);
        await Mark(into, 1, "begun", options, cancellation);
        await using (var file = open())
        {
            using var reader = new ExportReader(file);
            await new Importer(reader, new ImportTarget(into, cancellation), check.Untold, options, cancellation).Run();
        }
        await Mark(into, 2, check.Summary.ToString(), options, cancellation);
        return check.Summary;
    }

    /// <summary>A store into which an import began and did not end must not be served from.</summary>
    /// <exception cref="TransferException">It is such a store.</exception>
    public static async ValueTask DemandFinished(IStore store, CancellationToken cancellation)
    {
        if ((await store.Documents(Kind, cancellation)).Count == 1)
            throw new TransferException("an import into this store did not finish: empty the store and import again");
    }

    private static async Task<Importer> Checked(Stream file, TransferOptions options, CancellationToken cancellation)
    {
        using var reader = new ExportReader(file);
        var importer = new Importer(reader, null, [], options, cancellation);
        await importer.Run();
        // Whoever takes it for a backup, or for what he moves, is to know now.
        if (importer.Summary == TransferSummary.Nothing)
            throw new TransferException("the file has nothing in it: what was exported was an empty store");
        return importer;
    }

    /// <summary>Null if nothing was ever written into the store; otherwise something that is in it.</summary>
    public static async ValueTask<string?> Something(IStore store, CancellationToken cancellation)
    {
        if ((await store.List(null, 1, cancellation)) is [var tenant]) return $"a tenant '{tenant}'";
        foreach (var kind in (string[])[.. Export.Kinds, Kind])
            if ((await store.NewestDocuments(kind, cancellation)) is [var document, ..])
                return $"{(kind == Kind ? "an" : "a")} {kind} '{document.Id}'";
        return null;
    }

    private static async Task DemandEmpty(IStore store, CancellationToken cancellation)
    {
        await DemandFinished(store, cancellation);
        if (await Something(store, cancellation) is { } there)
            throw new TransferException($"the store is not empty: it has {there}");
    }

    private static async Task Mark(IStore store, int version, string what, TransferOptions options,
        CancellationToken cancellation)
    {
        var document = new Document(Kind, "store", version, Instant.From(options.Time.GetUtcNow()), Kind,
            Encoding.UTF8.GetBytes(what));
        if (!await store.Put(document, cancellation))
            throw new TransferException("somebody else imports into this store");
    }
}
