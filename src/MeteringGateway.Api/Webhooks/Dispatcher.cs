using System.Collections.Concurrent;
using System.Threading.Channels;
using MeteringGateway.Api.Emails;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;

namespace MeteringGateway.Api.Webhooks;

/// <summary>
/// Makes deliveries of the outbox and sends them: at least once, of each tenant in order. One pass at a time looks at
/// what has come, what has ended and what is due; it waits for the store alone, never for a receiver. What it knows is
/// in the store, so that whoever starts it next goes on from there. It sends what its store shows it, and asks nothing
/// else of where tenants live.
/// </summary>
internal sealed partial class Dispatcher(
    WebhookBook book, Operations.MeteringSettings all, MailSender mail, TimeProvider clock,
    ILogger<Dispatcher> log, Trails trails) : IDoneOnce
{
    /// <summary>Of what waits for an address, so much goes into one mail.</summary>
    private const int MostInAMail = 200;

    private const int AtOnce = 500;
    private const long None = long.MaxValue;
    private static readonly TimeSpan Expiry = TimeSpan.FromHours(1);
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(30);

    private readonly WebhookSettings _settings = all.Webhooks;
    private readonly CapAlerts _caps = new(all.Webhooks.CapAlertsEvery);
    private readonly TurnQueue _turns = new();
    private readonly Channel<bool> _wakes =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentQueue<(Lane Lane, IReadOnlyList<Delivery> Deliveries, Attempt Attempt)>
        _ended = new();
    private readonly Dictionary<string, Lane> _lanes = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private IStore? _store;
    private ITenants? _tenants;
    private ITimer? _timer;
    private Task _loop = Task.CompletedTask;
    private readonly List<Told> _waiting = []; // of tenants that do not answer; in order
    private readonly HashSet<string> _away = new(StringComparer.Ordinal);
    private Instant _tryWaitingAt = Instant.MinValue;
    private Instant _expireAt = Instant.MinValue;
    private int _mailsWaiting;
    private long _oldestPending = None; // ms since 1970
    private long _dealt; // position in the outbox up to which all is dispatched or held

    private IStore Store => _store ?? throw new InvalidOperationException("asked for webhooks before they were there");
    private Instant Now => Instant.From(clock.GetUtcNow());

    /// <summary>Goes on from where the store stands.</summary>
    public async Task Start(IStore from, ITenants of, CancellationToken cancellation)
    {
        (_store, _tenants) = (from, of);
        await book.Load(from, cancellation);
        _timer = clock.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        WebhookInstruments.Register(this);
        MailInstruments.Register(this);
        _loop = Task.Run(Loop, CancellationToken.None);
        Wake();
    }

    /// <summary>Something may have to be done; returns at once.</summary>
    public void Wake() => _wakes.Writer.TryWrite(true);

    /// <summary>
    /// Takes the turn in which webhooks change; dispose what comes back to end it. What was told before goes by what
    /// the webhooks were before, and what comes after by what they are then.
    /// </summary>
    public async Task<IAsyncDisposable> Turn(CancellationToken cancellation)
    {
        await _turns.Enter(cancellation);
        try
        {
            while (await Settle()) { }
            while (await Deal()) { }
            await TryWaiting(now: true);
            return new EndOfTurn(this, [.. book.All]);
        }
        catch
        {
            _turns.Leave();
            throw;
        }
    }

    /// <summary>
    /// Age of the oldest delivery that was pending at the last look; zero when none was. It asks nobody, so that it is
    /// also told, and grows, while the store does not answer.
    /// </summary>
    public TimeSpan OldestPending() => Volatile.Read(ref _oldestPending) is var since and not None
        ? TimeSpan.FromTicks(Math.Max((Now - new Instant(since)).Ticks, 0)) : TimeSpan.Zero;

    /// <summary>
    /// Sends nothing more. What was under way, and not taken note of, is sent again by whoever starts next.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        WebhookInstruments.Unregister(this);
        MailInstruments.Unregister(this);
        if (_timer is not null) await _timer.DisposeAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var lane in _lanes.Values) await lane.DisposeAsync();
        if (_store is not null && !_ended.IsEmpty) await Safely(async () => { while (await Settle()) { } });
    }

    private async Task Loop()
    {
        await foreach (var _ in _wakes.Reader.ReadAllAsync(_stop.Token))
        {
            await _turns.Wait(_stop.Token);
            try
            {
                if (!await Safely(Pass) || book.HasUnreadable)
                    _timer!.Change(AfterTrouble, Timeout.InfiniteTimeSpan);
            }
            finally
            {
                _turns.Leave();
            }
        }
    }

    private async Task Pass()
    {
        if (await Settle()) Wake();
        // However much comes, what is due is sent between.
        if (await Deal()) Wake();
        await Release();
        await TryWaiting();
        await TendLanes();
        foreach (var lane in _lanes.Values) await Fill(lane);
        if (Now >= _expireAt)
        {
            await Store.ExpireDeliveries(Now - _settings.KeepDeliveries, _stop.Token);
            _expireAt = Now + Expiry;
        }
        Volatile.Write(ref _oldestPending, (await Store.OldestPending(_stop.Token))?.UnixMilliseconds ?? None);
        Volatile.Write(ref _mailsWaiting, _lanes.Values.Sum(lane => lane.Waiting));
        Arm();
    }

    /// <summary>A lane for every webhook that is on, and for no other.</summary>
    private async Task TendLanes()
    {
        foreach (var lane in _lanes.Values.Where(lane => book.Find(lane.Webhook) is not { IsEnabled: true }).ToList())
        {
            _lanes.Remove(lane.Webhook);
            await lane.DisposeAsync();
        }
        foreach (var (id, webhook) in book.All)
            if (webhook.IsEnabled && !_lanes.ContainsKey(id))
                _lanes[id] = webhook.Email is null
                    ? new Lane(id, _settings.Concurrency, new Transport(_settings, clock), clock, log, trails, Ended)
                    : new Lane(id, 1, new MailCarrier(id, mail, _tenants!), clock, log, trails, Ended);
    }

    private void Ended(Lane lane, IReadOnlyList<Delivery> deliveries, Attempt attempt)
    {
        _ended.Enqueue((lane, deliveries, attempt));
        Wake();
    }

    /// <summary>Alerts that wait to be mailed, as of the last look.</summary>
    public int MailsWaiting() => Volatile.Read(ref _mailsWaiting);

    /// <summary>Sends what is due, as far as there is room.</summary>
    private async Task Fill(Lane lane)
    {
        var now = Now;
        if (lane.LookAt > now || !lane.HasRoom || book.Find(lane.Webhook) is not { } webhook) return;
        lane.LookAt = Instant.MaxValue;
        if (webhook.Email is not null)
        {
            await FillMail(lane, webhook, now);
            return;
        }
        // Those under way are among them.
        foreach (var head in await Store.Heads(lane.Webhook, 2 * _settings.Concurrency + 1, _stop.Token))
        {
            if (lane.IsUnderWay(head.Tenant)) continue;
            if (head.Due > now) lane.LookAt = head.Due.Value;
            if (head.Due > now || !lane.HasRoom) break;
            lane.Send(webhook, head);
        }
    }

    /// <summary>
    /// All that waits goes in one mail. So whoever had to wait, as the server was away or there were too many mails in
    /// an hour, is told how things stand, and not of each step on the way there.
    /// </summary>
    private async Task FillMail(Lane lane, StoredWebhook email, Instant now)
    {
        var pending = await Store.Deliveries(lane.Webhook, DeliveryStatus.Pending, null, MostInAMail, _stop.Token);
        lane.Waiting = pending.Count;
        if (pending.Count == 0) return;
        if (pending.FirstOrDefault(one => one.Due is not null)?.Due is { } due && due > now) lane.LookAt = due;
        else if (mail.Take(email, pending[0]) is { Ticks: > 0 } wait) lane.LookAt = now + wait;
        else lane.Send(email, pending);
    }

    private void Arm()
    {
        var next = _lanes.Values.Where(lane => lane.HasRoom).Select(lane => lane.LookAt).Append(_expireAt)
            .Append(book.HasUnreadable ? Instant.MaxValue : _caps.Next)
            .Append(_waiting.Count == 0 || book.HasUnreadable ? Instant.MaxValue : _tryWaitingAt).Min();
        var now = Now;
        if (next <= now) Wake();
        else _timer!.Change(next - now, Timeout.InfiniteTimeSpan);
    }

    /// <summary>False when it failed: that is said, and what was to be done is still there to do.</summary>
    private async Task<bool> Safely(Func<Task> work)
    {
        try
        {
            await work();
            return true;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return true;
        }
#pragma warning disable CA1031 // Nobody waits for it; if it is the store, the next flush finds out.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            log.LogError(failure, "Webhooks cannot be sent at present");
            return false;
        }
    }

    private sealed class EndOfTurn(Dispatcher dispatcher, List<(string Id, StoredWebhook Webhook)> before)
        : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await dispatcher.Safely(() => dispatcher.ReleaseBefore(before));
            // Whatever was changed in the turn may have made something due.
            foreach (var lane in dispatcher._lanes.Values) lane.LookAt = Instant.MinValue;
            dispatcher._turns.Leave();
            dispatcher.Wake();
        }
    }
}
