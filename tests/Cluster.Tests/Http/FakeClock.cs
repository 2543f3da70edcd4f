namespace MeteringGateway.Api.Tests.Support;

/// <summary>
/// Time that only the test moves, for a process in which not everything waits for tests: timers go by real time too,
/// because Orleans lives by the same clock.
/// </summary>
public sealed class FakeClock : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<Timer> _timers = [];
    private DateTimeOffset _now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate) return _now;
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public void Advance(TimeSpan span)
    {
        List<Timer> due;
        lock (_gate)
        {
            _now += span;
            due = [.. _timers.Where(timer => timer.Due <= _now)];
        }
        foreach (var timer in due) timer.Fire();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        lock (_gate) _timers.Add(timer);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Fires when the test moves the clock over its time, or when that much real time has passed.</summary>
    private sealed class Timer : ITimer
    {
        private readonly FakeClock _clock;
        private readonly Action _fire;
        private readonly ITimer _real;

        public Timer(FakeClock clock, Action fire)
        {
            (_clock, _fire) = (clock, fire);
            _real = System.CreateTimer(_ => Fire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public DateTimeOffset Due { get; private set; } = DateTimeOffset.MaxValue;
        private TimeSpan Period { get; set; }

        public void Fire()
        {
            lock (_clock._gate) Due = Period > TimeSpan.Zero ? _clock._now + Period : DateTimeOffset.MaxValue;
            _fire();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_clock._gate)
                (Due, Period) = (dueTime == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : _clock._now + dueTime,
                    period);
            return _real.Change(dueTime, period);
        }

        public void Dispose()
        {
            lock (_clock._gate) _clock._timers.Remove(this);
            _real.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
