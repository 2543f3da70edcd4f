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
        var all = new List<Outgoing>();
        foreach (var (sequence, bytes, hash) in Entries(blocks))
        {
            if (sequence <= after) continue;
            var entry = EntryCodec.Read(bytes);
            var id = Convert.ToHexStringLower(hash.AsSpan(0, 16));
            var from = trails.Of(tenant, sequence);
            if (entry is Entry.StateChanged changed)
                all.Add(Make(from, settings.Signals, tenant, $"sig_{id}",
                    $"signal.{Names<SignalAction>.Of(changed.Action)}", entry.At, changed.ToSignal(sequence).Wire(
                        tenant, changed.Limit?.IsMoney == true ? await Currency(tenant, cancellation) : ""),
                    WireJson.Typed<SignalWire>()));
            if (await Outcome(tenant, sequence, entry, cancellation) is { } outcome)
                all.Add(Make(from, settings.Outcomes, tenant, $"out_{id}", $"outcome.{outcome.Status}", entry.At,
                    outcome, OutcomeJson.Typed));
            if (Alerts.TypeOf(entry) is { } type)
            {
                var row = new OutboxRow(0, tenant, new Alert(sequence, type, entry.At, hash, bytes));
                var body = await Payloads.Write(Told.Alone(row), tenants, cancellation);
                using var payload = JsonDocument.Parse(body);
                all.Add(Make(from, settings.Alerts, tenant, $"evt_{id}", type, entry.At,
                    payload.RootElement.GetProperty("data"), null));
            }
        }
        return all;
    }

    private static IEnumerable<(long Sequence, byte[] Bytes, byte[] Hash)> Entries(IReadOnlyList<EntryBlock> blocks)
    {
        var entries = new List<(long, byte[], byte[])>();
        foreach (var block in blocks)
        {
            var reader = new BlockReader(block.Entries);
            var (sequence, previous) = (block.FirstSequence, block.PreviousHash);
            for (; reader.TryRead(out var bytes); sequence++)
            {
                var hash = new byte[Chain.HashLength];
                Chain.Next(previous, bytes, hash);
                entries.Add((sequence, bytes.ToArray(), hash));
                previous = hash;
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

    private Outgoing Make<T>(ActivityContext? from, string topic, string tenant, string id, string type, Instant at,
        T data, JsonTypeInfo<T>? of)
    {
        _written.Clear();
        using (var json = new Utf8JsonWriter(_written, new JsonWriterOptions { Encoder = WireJson.Plain }))
        {
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
        }
        return new Outgoing(topic, Encoding.UTF8.GetBytes(tenant), _written.WrittenSpan.ToArray(),
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
