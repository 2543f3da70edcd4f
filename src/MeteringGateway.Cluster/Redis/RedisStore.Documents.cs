using System.Globalization;
using System.Security.Cryptography;
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
    private const int Unsealed = 6;
    private const int SealLength = 8;

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

    private async Task<RedisResult[]> PageOfDocuments(long after, CancellationToken cancellation) =>
        (RedisResult[])(await Ask(Scripts.DocumentsAfter, [Key("documents")], [after, RowsAtOnce], cancellation))!;

    private static long Stamp(RedisResult id) => long.Parse(((string)id!).Split('-')[0], CultureInfo.InvariantCulture);

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
        return [.. row, .. Packed.Pack(Seal(row))];
    }

    private static byte[] Seal(ReadOnlySpan<byte> row) => SHA256.HashData(row)[..SealLength];

    /// <exception cref="StoreException">It is not what was written.</exception>
    private static Document Document(string stamp, byte[] bytes)
    {
        try
        {
            var row = Packed.Unpack(bytes);
            var sealedRow = bytes.AsSpan(0, Math.Max(0, bytes.Length - sizeof(int) - SealLength));
            if (row.Length == Unsealed
                || row.Length > Unsealed && row[^1].AsSpan().SequenceEqual(Seal(sealedRow)))
                return new Document(
                    Packed.Text(row[0]), Packed.Text(row[1]), (int)Packed.Number(row[2]),
                    new Instant(Packed.Number(row[3])), Packed.Text(row[4]), row[5]!);
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            throw new StoreException($"{Damaged(stamp)}: {e.Message}");
        }
        throw new StoreException(Damaged(stamp));
    }

    private static string Damaged(string stamp) => $"documents: the row '{stamp}' is not what was written";

    public async Task<IReadOnlyList<string>> Check(CancellationToken cancellation)
    {
        var (findings, found) = (new List<string>(), new Dictionary<string, string>(StringComparer.Ordinal));
        for (var last = 0L; ;)
        {
            var answer = await PageOfDocuments(last, cancellation);
            for (var i = 1; i < answer.Length; i += 2)
                try
                {
                    found[Name(Document((string)answer[i]!, (byte[])answer[i + 1]!))] = (string)answer[i]!;
                }
                catch (StoreException e)
                {
                    findings.Add(e.Message);
                }
            if (answer.Length <= 1) break;
            last = Stamp(answer[^2]);
        }
        foreach (var row in await Ask(_ => _redis.HashGetAllAsync(Key("versions"), Master), cancellation))
            if (!found.Remove((string)row.Name!, out var stamp) || stamp != (string)row.Value!)
                findings.Add($"versions: there is no document as '{Shown(row.Name!)}' says");
        findings.AddRange(found.Keys.Select(name => $"versions: the document '{Shown(name)}' is not listed"));
        return findings;
    }

    private static string Shown(string name) => name.Replace('\0', '/');
}
