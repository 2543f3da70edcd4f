using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>
/// Several lives of one store: each ends by a crash, a failed flush or a shutdown, and the next begins with what was
/// durable.
/// </summary>
internal sealed class Simulation
{
    private readonly Random _random;
    private readonly FakeTime _time = new(TestEngine.Begin.ToDateTimeOffset());
    private readonly Commands _commands;
    private readonly Ledger _ledger = new();
    private readonly Dictionary<string, Replay> _replays = Commands.Tenants.ToDictionary(id => id, _ => new Replay());
    private MemoryStore _store = new();
    private SlowDisk _disk = new(int.MaxValue);

    public Simulation(int seed)
    {
        _random = new Random(seed);
        _commands = new Commands(_random, _time);
    }

    public Totals Totals { get; } = new();

    public async Task Run()
    {
        for (var life = _random.Next(2, 5); life > 0; life--) await Live();
    }

    private async Task Live()
    {
        var options = new EngineOptions
        {
            IdleAfter = TimeSpan.FromMinutes(_random.Next(1, 120)), SnapshotEntries = _random.Next(1, 40),
            SnapshotPart = _random.Next(32, 64) << _random.Next(8), // a snapshot has hundreds of parts, some, or one
            IdleSnapshotEntries = _random.Next(0, 4), QueueEntries = _random.Next(1, 50),
            DuePoll = TimeSpan.FromMinutes(_random.Next(1, 30)),
        };
        var failsAt = _random.Next(3) == 0 ? _random.Next(1, 40) : int.MaxValue;
        var fault = _random.Next(2) == 0 ? Fault.Lost : Fault.WrittenButFailed;
        _store.Fault = append => append == failsAt ? fault : Fault.None;
        _disk = new SlowDisk(_random.Next(2) == 0 ? _random.Next(6) : int.MaxValue);
        _store.BeforePart = _disk.Before;
        var tenants = new LocalTenants(_store, options, _time);
        try
        {
            await tenants.StartAsync();
            foreach (var tenant in Commands.Tenants) await _ledger.Watch(tenants, tenant);
            for (var step = _random.Next(10, 40); step > 0; step--) await Step(tenants);
            if (_random.Next(2) == 0) await Audit.SameAlive(tenants, _store, _replays);
        }
        catch (Exception e) when (e is StoreFailedException || (e is IOException && tenants.Failure is not null))
        {
            Totals.Failures++;
        }
        await End(tenants, crashed: tenants.Failure is not null || _random.Next(2) == 0);
    }

    private async Task End(LocalTenants tenants, bool crashed)
    {
        if (crashed) Totals.Crashes++;
        // In a crash nothing is written any more; a shutdown writes what waits.
        var left = crashed ? MemoryStore.AfterCrash(_store) : null;
        var ended = tenants.DisposeAsync();
        _disk.IsSlow = false;
        _disk.GoOn();
        await ended;
        Totals.Snapshots += _store.SnapshotsSaved;
        Totals.SnapshotsCut += _store.SnapshotsCut;
        _store = left ?? MemoryStore.AfterCrash(_store);
        Totals.Signals += _ledger.EndOfLife();
        foreach (var tenant in Commands.Tenants)
            Totals.Entries += await Audit.Journal(_store, tenant, _ledger, _replays[tenant]);
        (Totals.Acknowledged, Totals.Unknown) =
            (Totals.Acknowledged + _ledger.TakeAcknowledged(), Totals.Unknown + _ledger.TakeUnknown());
        Totals.Duplicates += _ledger.TakeDuplicates();
    }

    /// <summary>A few calls at once, or time goes by.</summary>
    private async Task Step(LocalTenants tenants)
    {
        if (_random.Next(4) == 0) _disk.GoOn();
        switch (_random.Next(12))
        {
            case 0: _time.Advance(TimeSpan.FromMinutes(_random.Next(1, 300))); break;
            case 1: _time.Jump(TimeSpan.FromHours(_random.Next(-3, 24))); break;
            case 2: await Evict(tenants); break;
            case 3: _time.Advance(TimeSpan.FromDays(_random.Next(1, 12)) / 100);
                _time.Jump(TimeSpan.FromDays(_random.Next(1, 12))); break;
            default: await Task.WhenAll(Enumerable.Range(0, _random.Next(1, 7)).Select(_ => Call(tenants)).ToList());
                break;
        }
    }

    private async Task Evict(LocalTenants tenants)
    {
        foreach (var tenant in Commands.Tenants) _ledger.Unwatch(tenant);
        var loaded = tenants.TenantsLoaded;
        _time.Jump(TimeSpan.FromHours(3));
        _disk.IsSlow = false; // a sweep waits for what it writes
        await tenants.Sweep();
        _disk.IsSlow = true;
        if (tenants.TenantsLoaded < loaded) Totals.Evictions++;
        foreach (var tenant in Commands.Tenants) await _ledger.Watch(tenants, tenant);
    }

    private Task Call(LocalTenants tenants)
    {
        var tenant = Commands.Tenants[_random.Next(Commands.Tenants.Length)];
        if (_random.Next(4) == 0) return Check(tenants, tenant);
        var commands = new List<Command>();
        if (_store.DurableSequence(tenant) == 0) commands.Add(_commands.Create(tenant));
        for (var i = _random.Next(1, 6); i > 0; i--) commands.Add(_commands.Next(tenant));
        return Execute(tenants, tenant, commands);
    }

    private async Task Execute(LocalTenants tenants, string tenant, List<Command> commands)
    {
        try
        {
            var answers = await tenants.Execute(tenant, commands);
            var durable = _store.DurableSequence(tenant);
            for (var i = 0; i < answers.Count; i++)
            {
                Assert.True(answers[i].Sequence <= durable,
                    $"an answer of {answers[i].Sequence} left when {durable} was durable");
                _ledger.Answered(tenant, commands[i], answers[i]);
                if (answers[i] is Answer.Reserved { Reservation: { } reservation }) _commands.Reserved(reservation.Id);
                if (answers[i] is Answer.Disputed { Dispute.Status: DisputeStatus.Open } opened)
                    _commands.Disputed(opened.Dispute.Id);
            }
        }
        catch (StoreFailedException)
        {
            _ledger.NotKnown(tenant, commands);
            throw;
        }
    }

    private async Task Check(LocalTenants tenants, string tenant)
    {
        var decision = await tenants.Check(tenant, Make.One);
        var durable = _store.DurableSequence(tenant);
        Assert.True(decision is null || decision.Sequence <= durable,
            $"a view of {decision?.Sequence} was seen when {durable} was durable");
    }
}
