using System.Diagnostics;
using MeteringGateway.Engine;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

public sealed partial class RedisStore
{
    /// <summary>
    /// Redis syncs its log once for all that it has read of a connection, 16 KiB, or one command if that is larger. So
    /// batches of several tenants go into one command: up to so many bytes and batches that others wait for two or
    /// three milliseconds.
    /// </summary>
    private const int ChunkBytes = 128 << 10;
    private const int ChunkBatches = 128;

    private const int Lost = 0;
    private const int Written = 1;

    /// <summary>
    /// One script for some tenants' batches, and all of a flush's scripts one after the other on the one connection.
    /// What has no answer is sent again, as it is, for <see cref="Patience"/>; then it is
    /// <see cref="AppendResult.Unknown"/>. Cancelled only before it is sent.
    /// <para>
    /// An error in place of the script's answer is definite where Redis gives it before the script's first line
    /// (<see cref="RefusedUnrun"/>): nothing is written, unless the same batch was sent before and had no answer, and
    /// may still be under way. That there is no room is said at once; a server that takes no writes may be replaced in
    /// a moment, so it is asked again.
    /// </para>
    /// <para>
    /// <see cref="AppendResult.LostFence"/> is the last word on a batch, whatever of it is still under way: a batch is
    /// written only onto the very hash that it was built on. A head that has moved past that hash does not come back to
    /// it. A head that is behind, because Redis has lost what it acknowledged, comes to it only if every entry up to it
    /// is written once more exactly as it was, and then the batch follows from them.
    /// </para>
    /// </summary>
    public async ValueTask<IReadOnlyList<AppendResult>> Append(IReadOnlyList<TenantBatch> batches,
        CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var results = new AppendResult[batches.Count];
        // As long as each sending had an answer.
        Array.Fill(results, AppendResult.Refused);
        var began = Stopwatch.GetTimestamp();
        var waiting = Chunks(batches);
        Exception? error = null;
        for (var before = 0; waiting.Count > 0; before++)
        {
            var outcomes = await Task.WhenAll(
                waiting.Select(chunk => Send(chunk, results, again: before > 0, Left(began))).ToList());
            error = outcomes.FirstOrDefault(outcome => outcome is not null) ?? error;
            for (var i = 0; i < outcomes.Length; i++)
                if (outcomes[i] is { } failure and not StoreException) Note(waiting[i], failure, results);
            waiting = [.. waiting.Where((_, i) => outcomes[i] is { } failure && Passes(failure))];
            if (waiting.Count == 0 || Left(began) <= Pause(before)) break;
            await Task.Delay(Pause(before), CancellationToken.None);
        }
        Report(results, error);
        return results;
    }

    /// <summary>Null, or why there is no answer.</summary>
    private async Task<Exception?> Send(Chunk chunk, AppendResult[] results, bool again, TimeSpan time)
    {
        try
        {
            var answers =
                (RedisResult[])(await Within(Run(Scripts.Append, chunk.Heads, chunk.Arguments), time,
                    CancellationToken.None))!;
            string? refused = null;
            for (var i = 0; i < answers.Length; i++)
            {
                if (answers[i].Resp2Type == ResultType.Integer)
                {
                    results[chunk.From + i] = Result((long)answers[i], again, chunk.Bare[i]);
                    if ((long)answers[i] < Lost) ReportLoss(chunk.Tenants[i], -(long)answers[i]);
                }
                else
                {
                    // An error of one of its commands: those before it may have been carried out.
                    results[chunk.From + i] = AppendResult.Unknown;
                    refused ??= (string?)answers[i];
                }
            }
            return refused is null ? null : new StoreException($"Redis refused a batch: {refused}");
        }
#pragma warning disable CA1031 // Whatever it was, it says nothing about what Redis has done.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e;
        }
    }

    /// <summary>What a sending that failed says of its batches.</summary>
    private static void Note(Chunk chunk, Exception failure, AppendResult[] results)
    {
        foreach (ref var result in results.AsSpan(chunk.From, chunk.Heads.Length))
            if (!RefusedUnrun(failure)) result = AppendResult.Unknown;
            else if (result != AppendResult.Unknown)
                result = IsFull(failure) ? AppendResult.Full : AppendResult.Refused;
    }

    /// <summary>A batch is built on what was acknowledged, or read: a shorter journal has lost some of it.</summary>
    private void ReportLoss(string tenant, long entries)
    {
        Instruments.Lost.Add(entries);
        log.LogError("Redis has lost {Entries} entries of tenant {Tenant} that it had acknowledged: its journal goes "
            + "on from what is there", entries, tenant);
    }

    private static AppendResult Result(long answer, bool again, bool bare) => answer switch
    {
        Written => AppendResult.Written,
        // Without a block nobody can tell whether the first time had been in time; what it wrote beside the journal
        // would be there.
        Lost when again && bare => AppendResult.Unknown,
        _ => AppendResult.LostFence,
    };

    /// <summary>One line a flush, however many tenants are in it.</summary>
    private void Report(AppendResult[] results, Exception? error)
    {
        var unknown = results.Count(result => result == AppendResult.Unknown);
        if (unknown > 0)
            log.LogError(
                error,
                "Of {Batches} batches in a flush, {Unknown} have no answer from Redis: whether they are written is "
                    + "not known",
                results.Length, unknown);
        // That there is no room is told once, until there is some, by whoever flushes.
        else if (results.Count(result => result == AppendResult.Refused) is > 0 and var refused)
            log.LogError(error, "Of {Batches} batches in a flush, Redis refused {Refused}: nothing of them is written",
                results.Length, refused);
    }

    private List<Chunk> Chunks(IReadOnlyList<TenantBatch> batches)
    {
        var chunks = new List<Chunk>();
        for (int from = 0, to = 0; from < batches.Count; from = to)
        {
            // A batch's other rows are small beside its entries, or go with them.
            for (long bytes = 0; to < batches.Count && to - from < (IsShard ? 1 : ChunkBatches) && bytes < ChunkBytes;
                to++)
                bytes += batches[to].Entries.Length;
            chunks.Add(Cut(batches, from, to));
        }
        return chunks;
    }

    private Chunk Cut(IReadOnlyList<TenantBatch> batches, int from, int to)
    {
        var arguments = new List<RedisValue> { prefix };
        var (heads, bare) = (new RedisKey[to - from], new bool[to - from]);
        for (var i = from; i < to; i++)
        {
            heads[i - from] = Key("t", batches[i].Tenant);
            bare[i - from] = batches[i].Count == 0;
            var at = arguments.Count;
            arguments.Add(0);
            Write(arguments, batches[i]);
            arguments[at] = arguments.Count - at;
        }
        return new Chunk(from, [.. batches.Skip(from).Take(to - from).Select(batch => batch.Tenant)], heads, bare,
            [.. arguments]);
    }

    /// <summary>In the order in which <see cref="Scripts.Append"/> takes it.</summary>
    private static void Write(List<RedisValue> to, TenantBatch batch)
    {
        var begins = batch.FirstSequence == 1 && batch.PreviousHash.AsSpan().SequenceEqual(Chain.Genesis(batch.Tenant));
        to.AddRange(batch.Tenant, begins ? 1 : 0, batch.FirstSequence - 1, batch.PreviousHash,
            $"{batch.FirstSequence}-{batch.Count}");
        // A copy: StackExchange.Redis may still write the command when the call, and with it the batch, is over.
        to.AddRange(batch.Entries.ToArray(), batch.FirstSequence + batch.Count - 1, batch.LastHash);
        to.AddRange(batch.Due is { } due ? due.UnixMilliseconds : "",
            batch.Severity is { } severity ? (int)severity : "");
        to.Add(batch.Details.Count);
        foreach (var row in batch.Details)
            to.AddRange(row.Sequence,
                Packed.Pack(row.EndCustomer is null ? null : Packed.Text(row.EndCustomer), row.Salt, row.Json));
        to.Add(batch.Archived.Count);
        foreach (var row in batch.Archived)
            to.AddRange(row.Outcome.Id, row.Outcome.FirstSequence, row.Outcome.Sequence,
                Packed.Archived(row.Outcome, row.Bytes));
        to.Add(batch.Idempotency.Count);
        foreach (var row in batch.Idempotency)
            to.AddRange(row.Key, row.ExpiresAt.UnixMilliseconds, Bytes(row));
        to.Add(batch.Outbox.Count);
        foreach (var alert in batch.Outbox)
            to.AddRange(alert.Sequence, alert.Type, alert.At.UnixMilliseconds, alert.Hash, alert.Entry);
        to.Add(batch.Documents.Count);
        foreach (var document in batch.Documents) to.AddRange(Name(document), Bytes(document));
        to.Add(batch.Erased.Count);
        foreach (var sequence in batch.Erased) to.Add(sequence);
    }

    /// <summary>Batches that go in one command.</summary>
    /// <param name="From">Index of the first.</param>
    /// <param name="Bare">Which of them have no entries.</param>
    private sealed record Chunk(int From, string[] Tenants, RedisKey[] Heads, bool[] Bare, RedisValue[] Arguments);
}
