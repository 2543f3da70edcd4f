using MeteringGateway.Api.Operations;

namespace MeteringGateway.Kafka;

/// <summary>
/// Writes signals, outcomes and alerts to their topics (S5). The journal is the outbox: the store keeps of each tenant
/// up to which entry it was published, and what follows is read, sent, and only then noted. So everything is told at
/// least once, of each tenant in order, and repeated with the same ids.
/// </summary>
internal sealed class Publisher(Sender sender, KafkaSettings settings, KafkaHealth health, Trails trails,
    ILogger<Publisher> log) : IDoneOnce
{
    private const int TenantsAtOnce = 1_000;
    private const int EntriesAtOnce = 500;

    /// <summary>Noting how far was told is a transaction of its own, for which the journal's must wait.</summary>
    private const int MessagesAtOnce = 5_000;

    /// <summary>Of one tenant in one pass, so that all have their turn.</summary>
    private const int MostOfOne = 5_000;
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public Task Start(IStore from, ITenants of, CancellationToken cancellation)
    {
        if (!settings.Told().Any()) return Task.CompletedTask;
        // Reading and writing up what is told takes long, and nobody waits for it.
        _loop = Workers.Shared.Run(Lane.Bulk, () => Loop(from, new Messages(of, settings, trails)));
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        health.Publishing = null;
    }

    private async Task Loop(IStore store, Messages messages)
    {
        while (!_stop.IsCancellationRequested)
        {
            var wait = settings.PublishEvery;
            try
            {
                if (await Pass(store, messages)) wait = TimeSpan.Zero;
                health.Publishing = null;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Nothing is lost: it goes on from where the store says.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                health.Publishing = "topics cannot be written";
                log.LogError(failure, "Kafka: nothing can be written to topics at present");
                wait = AfterTrouble;
            }
            if (wait > TimeSpan.Zero) await Task.Delay(wait, _stop.Token);
        }
    }

    /// <summary>True: there is more.</summary>
    private async Task<bool> Pass(IStore store, Messages messages)
    {
        var (hasMore, after) = (false, default(string));
        do
        {
            var page = await store.Unpublished(after, TenantsAtOnce, _stop.Token);
            var collected = new Collected(store, sender);
            foreach (var behind in page.Tenants) hasMore |= await Collect(store, messages, behind, collected);
            await collected.Send(_stop.Token);
            after = page.Next;
        }
        while (after is not null);
        return hasMore;
    }

    /// <summary>True: there is more of this tenant.</summary>
    private async Task<bool> Collect(IStore store, Messages messages, Unpublished behind, Collected collected)
    {
        var (next, end) = (behind.Published, Math.Min(behind.Sequence, behind.Published + MostOfOne));
        while (next < end)
        {
            var blocks = await store.Read(behind.Tenant, next, EntriesAtOnce, _stop.Token);
            if (blocks.Count == 0) return false;
            IReadOnlyList<Outgoing> outgoing;
            try
            {
                outgoing = await messages.Of(behind.Tenant, next, blocks, _stop.Token);
            }
#pragma warning disable CA1031 // One tenant that does not answer, or an entry of a newer program, holds up no others.
            catch (Exception failure) when (failure is not (OperationCanceledException or StoreException
                or StoreFailedException))
#pragma warning restore CA1031
            {
                log.LogWarning("Kafka: what follows entry {Sequence} of tenant {Tenant} waits: {Why}", next,
                    behind.Tenant, failure.Message);
                return false;
            }
            next = blocks[^1].FirstSequence + blocks[^1].Count - 1;
            await collected.Add(outgoing, new PublishedTo(behind.Tenant, next), _stop.Token);
        }
        return next < behind.Sequence;
    }

    /// <summary>What is sent together, of whichever tenants, and noted together once it is there.</summary>
    private sealed class Collected(IStore store, Sender sender)
    {
        private readonly List<Outgoing> _messages = [];
        private readonly Dictionary<string, PublishedTo> _upTo = new(StringComparer.Ordinal);

        public async Task Add(IReadOnlyList<Outgoing> messages, PublishedTo upTo, CancellationToken cancellation)
        {
            _messages.AddRange(messages);
            _upTo[upTo.Tenant] = upTo;
            if (_messages.Count >= MessagesAtOnce) await Send(cancellation);
        }

        public async Task Send(CancellationToken cancellation)
        {
            if (_upTo.Count == 0) return;
            if (_messages.Count > 0) await sender.Send(_messages, cancellation);
            await store.Published([.. _upTo.Values], cancellation);
            _messages.Clear();
            _upTo.Clear();
        }
    }
}
