using System.Text.Json;

namespace MeteringGateway.Sdk.Outboxes;

/// <summary>What a report was given by the outbox or its permit, and not by whoever made it.</summary>
internal readonly record struct Given(DateTimeOffset? Time, string? Reservation);

/// <summary>What tells a report from all others (I1).</summary>
internal readonly record struct ReportKey(string Tenant, string Source, string Id);

/// <summary>
/// What reports were given: of all that wait, and of those that were answered last, as many as are still in the file.
/// One that is put there again, since its agent could not know after a crash that it was, is given the same, and is the
/// same event for the gateway. Used under its owner's lock.
/// </summary>
/// <param name="most">Bytes of answered reports.</param>
internal sealed class Remembered(long most)
{
    private readonly Dictionary<ReportKey, (Given Given, int Reports)> _all = [];
    private readonly Queue<(ReportKey Key, byte[] Bytes)> _answered = new();

    /// <summary>Of answered reports, in the file.</summary>
    public long AnsweredBytes { get; private set; }

    /// <summary>Answered reports, as they were sent, the last ones last.</summary>
    public IEnumerable<byte[]> Answered => _answered.Select(one => one.Bytes);

    public Given? Of(ReportKey key) => _all.TryGetValue(key, out var one) ? one.Given : null;

    /// <summary>A report waits.</summary>
    public void Add(ReportKey key, Given given) =>
        _all[key] = _all.TryGetValue(key, out var one) ? (one.Given, one.Reports + 1) : (given, 1);

    /// <summary>A report that waited is on disk no more.</summary>
    public void Remove(ReportKey key)
    {
        var (given, reports) = _all[key];
        if (reports > 1) _all[key] = (given, reports - 1);
        else _all.Remove(key);
    }

    /// <summary>A report that waited was answered: it is remembered until enough others were.</summary>
    public void Done(ReportKey key, byte[] bytes)
    {
        _answered.Enqueue((key, bytes));
        AnsweredBytes += OutboxFile.SizeOf(bytes);
        while (AnsweredBytes > most)
        {
            var oldest = _answered.Dequeue();
            AnsweredBytes -= OutboxFile.SizeOf(oldest.Bytes);
            Remove(oldest.Key);
        }
    }

    /// <param name="bytes">A CloudEvent, as the outbox wrote it.</param>
    /// <exception cref="IOException">It is none.</exception>
    public static (ReportKey Key, Given Given) Read(byte[] bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var e = document.RootElement;
            return (new ReportKey(Needed(e, "subject"), Needed(e, "source"), Needed(e, "id")),
                new Given(e.TryGetProperty("time", out var time) ? time.GetDateTimeOffset() : null,
                    Text(e.GetProperty("data"), "reservation")));
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException)
        {
            throw new IOException("The outbox holds what is no event.", failure);
        }
    }

    private static string Needed(JsonElement e, string name) =>
        Text(e, name) ?? throw new FormatException($"It has no {name}.");

    private static string? Text(JsonElement e, string name) =>
        e.TryGetProperty(name, out var text) ? text.GetString() : null;
}
