using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// What one turn takes, until it is handed to the committer: whole, or not at all. One for each thread, used again and
/// again, as a turn has no await.
/// </summary>
internal sealed class Taken
{
    [ThreadStatic] private static Taken? _own;
    private readonly ArrayBufferWriter<byte> _entry = new(1024);

    public static Taken Own => _own ??= new Taken();

    /// <summary>The chain's hash before the first entry.</summary>
    public Hash Before { get; private set; }

    /// <summary>Framed.</summary>
    public BlockWriter Block { get; } = new();

    public int Count { get; private set; }
    public List<DetailRow> Details { get; } = [];
    public List<ArchivedRow> Archived { get; } = [];
    public List<IdempotencyRow> Idempotency { get; } = [];
    public List<Alert> Outbox { get; } = [];
    public List<Document> Documents { get; } = [];
    public List<long> Erased { get; } = [];
    public List<Signal> Signals { get; } = [];

    /// <summary>The turn's span; null: its caller's trace is not recorded.</summary>
    public ActivityContext? Turn { get; set; }

    public bool IsEmpty =>
        Count == 0 && Details.Count == 0 && Archived.Count == 0 && Idempotency.Count == 0
            && Documents.Count == 0;

    /// <summary>What it will take of memory until it is written.</summary>
    public int Bytes
    {
        get
        {
            var bytes = Block.Length;
            foreach (var row in Details) bytes += row.Json.Length;
            foreach (var row in Archived) bytes += row.Bytes.Length;
            foreach (var row in Idempotency) bytes += row.Answer.Length + row.Key.Length;
            foreach (var alert in Outbox) bytes += alert.Entry.Length;
            foreach (var document in Documents) bytes += document.Content.Length;
            return bytes;
        }
    }

    /// <param name="sequence">Of the entry.</param>
    /// <param name="hash">The chain's: before it, then after it.</param>
    public void Add(Entry entry, long sequence, ref Hash hash)
    {
        if (Count == 0) Before = hash;
        _entry.ResetWrittenCount();
        EntryCodec.Write(_entry, entry);
        Chain.Next(hash, _entry.WrittenSpan, hash);
        Block.Add(_entry.WrittenSpan);
        Count++;
        if (Alerts.TypeOf(entry) is { } type)
            Outbox.Add(new Alert(sequence, type, entry.At, hash.ToArray(), _entry.WrittenSpan.ToArray()));
        if (entry is Entry.StateChanged changed) Signals.Add(changed.ToSignal(sequence));
    }

    public void Clear()
    {
        Block.CutBack(0);
        Count = 0;
        Details.Clear();
        Archived.Clear();
        Idempotency.Clear();
        Outbox.Clear();
        Documents.Clear();
        Erased.Clear();
        Signals.Clear();
        Turn = null;
    }
}

/// <summary>A hash, in place.</summary>
[InlineArray(Chain.HashLength)]
internal struct Hash
{
#pragma warning disable IDE0051, IDE0044 // The runtime repeats it.
    private byte _first;
#pragma warning restore IDE0051, IDE0044

    public readonly byte[] ToArray() => ((ReadOnlySpan<byte>)this).ToArray();
}
