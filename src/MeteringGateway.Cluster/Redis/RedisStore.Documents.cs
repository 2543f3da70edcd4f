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
            var answer =
                (RedisResult[])(await Ask(Scripts.DocumentsAfter, [Key("documents")], [last, RowsAtOnce],
                    cancellation))!;
            var newest = Stamp(answer[0]);
            for (var i = 1; i < answer.Length; i += 2) documents.Add(Document((byte[])answer[i + 1]!));
            last = answer.Length > 1 ? Stamp(answer[^2]) : newest;
            if (last >= newest) return (last, documents);
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

    private static long Stamp(RedisResult id) => long.Parse(((string)id!).Split('-')[0], CultureInfo.InvariantCulture);

    /// <summary>In the order in which <see cref="Scripts.Put"/> takes it.</summary>
    private RedisValue[] Arguments(Document document, int before) =>
        [prefix, Name(document), Bytes(document), before > 0 ? 1 : 0];

    private static string Name(Document document) => $"{document.Kind}\0{document.Id}\0{document.Version}";

    private static byte[] Bytes(Document document) => Packed.Pack(
        Packed.Text(document.Kind), Packed.Text(document.Id), Packed.Number(document.Version),
        Packed.Number(document.At.UnixMilliseconds),
        Packed.Text(document.Actor), document.Content);

    private static Document Document(byte[] bytes)
    {
        var row = Packed.Unpack(bytes);
        return new Document(
            Packed.Text(row[0]), Packed.Text(row[1]), (int)Packed.Number(row[2]), new Instant(Packed.Number(row[3])),
            Packed.Text(row[4]), row[5]!);
    }
}
