using System.Globalization;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>
/// Documents are few, and whoever uses them keeps them in memory: they lie in one stream, in the order in which they
/// were written.
/// </summary>
public sealed partial class RedisStore
{
    /// <summary>Members of a document's row but its seal.</summary>
    private const int DocumentMembers = 6;

    public async ValueTask<bool> Put(Document document, CancellationToken cancellation) =>
        (int)await Ask(before => Run(Scripts.Put, [], Arguments(document, before)), cancellation) == 1;

    /// <summary>
    /// Every version of every document that was written after <paramref name="stamp"/>, of any kind, in the order of
    /// writing; and the stamp to ask with next time. Stamp 0: all. If Redis has lost documents since, the answer's
    /// stamp is below <paramref name="stamp"/> and the documents are all that there are. One small command when nothing
    /// is new.
    /// </summary>
    /// <exception cref="StoreException">Redis does not answer.</exception>
    public async ValueTask<(long Stamp, IReadOnlyList<Document> Documents)> DocumentsAfter(long stamp,
        CancellationToken cancellation)
    {
        var documents = new List<Document>();
        for (var last = stamp; ;)
        {
            var answer = await PageOfDocuments(last, cancellation);
            var newest = Stamp(answer[0]);
            for (var i = 1; i < answer.Length; i += 2)
                documents.Add(Document((string)answer[i]!, (byte[])answer[i + 1]!));
            last = answer.Length > 1 ? Stamp(answer[^2]) : newest;
            if (last < newest) continue;
            if (documents.Count > 0) await AwaitReplicas(cancellation);
            return (last, documents);
        }
    }

    public async ValueTask<IReadOnlyList<Document>> Documents(string kind, CancellationToken cancellation)
    {
        var (_, all) = await DocumentsAfter(0, cancellation);
        return [.. all.Where(one => one.Kind == kind).OrderBy(one => one.Id, StringComparer.Ordinal)
            .ThenBy(one => one.Version)];
    }

    public async ValueTask<IReadOnlyList<Document>> NewestDocuments(string kind, CancellationToken cancellation) =>
        [.. (await Documents(kind, cancellation)).GroupBy(one => one.Id).Select(versions => versions.Last())];

    /// <exception cref="StoreException">A stamp follows that does not lead further.</exception>
    private async Task<RedisResult[]> PageOfDocuments(long after, CancellationToken cancellation)
    {
        var page = (RedisResult[])(await Ask(Scripts.DocumentsAfter, [Key("documents")], [after, RowsAtOnce],
            cancellation))!;
        // What Redis has lost is told from the first on.
        for (var (i, last) = (1, Math.Min(after, Stamp(page[0]) < after ? 0 : after)); i < page.Length; i += 2)
            last = Stamp(page[i]) is var next && next > last ? next
                : throw new StoreException(Damaged($"documents: '{page[i]}'"));
        return page;
    }

    /// <exception cref="StoreException">It is no stamp: whoever goes on from one must come further.</exception>
    private static long Stamp(RedisResult id) => ((string)id!).Split('-') is [var stamp, "0"]
        ? long.Parse(stamp, CultureInfo.InvariantCulture) : throw new StoreException(Damaged($"documents: '{id}'"));

    /// <summary>In the order in which <see cref="Scripts.Put"/> takes it.</summary>
    private RedisValue[] Arguments(Document document, int before) =>
        [prefix, Name(document), Bytes(document), before > 0 ? 1 : 0];

    private static string Name(Document document) => $"{document.Kind}\0{document.Id}\0{document.Version}";

    /// <summary>As <see cref="Packed"/>, and last eight bytes of SHA-256 over what is before: a document that is not
    /// what was written is never acted upon. Those of before it was there do not have it.</summary>
    private static byte[] Bytes(Document document)
    {
        var row = Packed.Pack(
            Packed.Text(document.Kind), Packed.Text(document.Id), Packed.Number(document.Version),
            Packed.Number(document.At.UnixMilliseconds),
            Packed.Text(document.Actor), document.Content);
        return Sealed(row, "", DocumentSeal);
    }

    /// <exception cref="StoreException">It is not what was written.</exception>
    private static Document Document(string stamp, byte[] bytes)
    {
        var row = Opened(bytes, DocumentMembers, "", DocumentSeal, $"documents: '{stamp}'");
        return new Document(Packed.Text(row[0]), Packed.Text(row[1]), (int)Packed.Number(row[2]),
            new Instant(Packed.Number(row[3])), Packed.Text(row[4]), row[5]!);
    }
}
