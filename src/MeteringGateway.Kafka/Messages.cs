using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Confluent.Kafka;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Outcomes;
using MeteringGateway.Api.Signals;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Kafka;

/// <summary>
/// What topics are told of entries: CloudEvents in structured JSON, described in <c>docs/kafka.md</c>. The same entry
/// gives the same bytes and the same id.
/// </summary>
internal sealed class Messages(ITenants tenants, KafkaSettings settings, Trails trails)
{
    private static readonly byte[] MediaType = "application/cloudevents+json"u8.ToArray();

    /// <summary>Of those that are of no trace: nothing is added to it.</summary>
    private static readonly Headers Plain = new() { { "content-type", MediaType } };

    private readonly ArrayBufferWriter<byte> _written = new(); // of one publisher, which makes one after the other

    /// <param name="after">Entries up to this one are left out.</param>
    /// <exception cref="FormatException">An entry cannot be read: a newer program wrote it.</exception>
    public async ValueTask<IReadOnlyList<Outgoing>> Of(string tenant, long after, IReadOnlyList<EntryBlock> blocks,
        CancellationToken cancellation)
    {
        var (all, key) = (new List<Outgoing>(), Encoding.UTF8.GetBytes(tenant));
        foreach (var (sequence, id, entry, alert) in Entries(blocks, after))
        {
            var from = trails.Of(tenant, sequence);
            if (entry is Entry.StateChanged changed && settings.Signals.Length > 0)
                all.Add(Make(from, settings.Signals, tenant, key, $"sig_{id}",
                    $"signal.{Names<SignalAction>.Of(changed.Action)}", entry.At, changed.ToSignal(sequence).Wire(
                        tenant, changed.Limit?.IsMoney == true ? await Currency(tenant, cancellation) : ""),
                    WireJson.Typed<SignalWire>()));
            if (settings.Outcomes.Length > 0
                && await Outcome(tenant, sequence, entry, cancellation) is { } outcome)
                all.Add(Make(from, settings.Outcomes, tenant, key, $"out_{id}", $"outcome.{outcome.Status}", entry.At,
                    outcome, OutcomeJson.Typed));
            if (alert is not null && settings.Alerts.Length > 0)
            {
                var body = await Payloads.Write(Told.Alone(new OutboxRow(0, tenant, alert)), tenants, cancellation);
                using var payload = JsonDocument.Parse(body);
                all.Add(Make(from, settings.Alerts, tenant, key, $"evt_{id}", alert.Type, entry.At,
                    payload.RootElement.GetProperty("data"), null));
            }
        }
        return all;
    }

    /// <summary>Entries after a sequence, each with what its ids end with and, where it is one, its alert.</summary>
    private static List<(long Sequence, string Id, Entry Entry, Alert? Alert)> Entries(
        IReadOnlyList<EntryBlock> blocks, long after)
    {
        var entries = new List<(long, string, Entry, Alert?)>();
        Span<byte> hash = stackalloc byte[Chain.HashLength];
        foreach (var block in blocks)
        {
            var reader = new BlockReader(block.Entries);
            var sequence = block.FirstSequence;
            block.PreviousHash.AsSpan().CopyTo(hash);
            for (; reader.TryRead(out var bytes); sequence++)
            {
                Chain.Next(hash, bytes, hash);
                if (sequence <= after) continue;
                var entry = EntryCodec.Read(bytes);
                var alert = Alerts.TypeOf(entry) is { } type
                    ? new Alert(sequence, type, entry.At, hash.ToArray(), bytes.ToArray()) : null;
                entries.Add((sequence, Convert.ToHexStringLower(hash[..16]), entry, alert));
            }
        }
        return entries;
    }

    private async ValueTask<OutcomeChangeWire?> Outcome(string tenant, long sequence, Entry entry,
        CancellationToken cancellation) => entry switch
    {
        Entry.OutcomeReported e => new OutcomeChangeWire(tenant, sequence, e.ContinuationOf ?? e.OutcomeId,
            Names<OutcomeStatus>.Of(e.Status), OutcomeFigures.BillableReason(e.Status, e.Reason),
            OutcomeFigures.NonBillableReason(e.Reason), e.ClosesAt?.ToString(),
            e.ContinuationOf is null ? null : e.OutcomeId, null),
        Entry.OutcomeChanged e => new OutcomeChangeWire(tenant, sequence, e.OutcomeId,
            Names<OutcomeStatus>.Of(e.Status), OutcomeFigures.BillableReason(e.Status, e.Reason),
            OutcomeFigures.NonBillableReason(e.Reason), e.ClosesAt?.ToString(), null,
            e.Credit is { } credit ? credit.Wire(await Currency(tenant, cancellation)) : null),
        _ => null,
    };

    // A tenant has it for good (N2).
    private async ValueTask<string> Currency(string tenant, CancellationToken cancellation) =>
        (await tenants.Tenant(tenant, cancellation))!.Terms.Currency;

    private Outgoing Make<T>(ActivityContext? from, string topic, string tenant, byte[] key, string id, string type,
        Instant at, T data, JsonTypeInfo<T>? of)
    {
        _written.ResetWrittenCount();
        using var json = new Utf8JsonWriter(_written, new JsonWriterOptions { Encoder = WireJson.Plain });
        json.WriteStartObject();
        json.WriteString("specversion"u8, "1.0"u8);
        json.WriteString("id"u8, id);
        json.WriteString("source"u8, "/metering"u8);
        json.WriteString("type"u8, type);
        json.WriteString("subject"u8, tenant);
        json.WriteString("time"u8, at.ToString());
        json.WritePropertyName("data"u8);
        if (data is JsonElement element) element.WriteTo(json);
        else JsonSerializer.Serialize(json, data, of!);
        json.WriteEndObject();
        json.Flush();
        return new Outgoing(topic, key, _written.WrittenSpan.ToArray(),
            from is null ? Plain : new Headers { { "content-type", MediaType } }, from);
    }
}

/// <summary>How an outcome stands since an entry: its billing status, and why.</summary>
/// <param name="OutcomeId">The one that counts.</param>
/// <param name="WindowClosesAt">Null: no window, or none any more.</param>
/// <param name="ContinuedBy">The report that returned it to pending (O3), under its own id; null: none did.</param>
/// <param name="Credit">What was taken back, where this took it back.</param>
internal sealed record OutcomeChangeWire(
    string Tenant, long Sequence, string OutcomeId, string Status, string? BillableReason, string? NonBillableReason,
    string? WindowClosesAt, string? ContinuedBy, CreditWire? Credit);

[JsonSerializable(typeof(OutcomeChangeWire))]
internal sealed partial class OutcomeJson : JsonSerializerContext
{
    public static JsonTypeInfo<OutcomeChangeWire> Typed { get; } =
        new OutcomeJson(new JsonSerializerOptions(WireJson.Strict) { TypeInfoResolver = null }).OutcomeChangeWire;
}
