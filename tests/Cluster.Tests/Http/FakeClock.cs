namespace MeteringGateway.Api.Tests.Support;

/// <summary>
/// Time that only the test moves, for a process in which not everything waits for tests: timers go by real time too, because
/// Orleans lives by the same clock.
/// </summary>
public sealed class FakeClock : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<Timer> timers = [];
    private DateTimeOffset now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate) return now;
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public void Advance(TimeSpan span)
    {
        List<Timer> due;
        lock (gate)
        {
            now += span;
            due = [.. timers.Where(timer => timer.Due <= now)];
        }
        foreach (var timer in due) timer.Fire();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        lock (gate) timers.Add(timer);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Fires when the test moves the clock over its time, or when that much real time has passed.</summary>
    private sealed class Timer : ITimer
    {
        private readonly FakeClock clock;
        private readonly Action fire;
        private readonly ITimer real;

        public Timer(FakeClock clock, Action fire)
        {
            (this.clock, this.fire) = (clock, fire);
            real = System.CreateTimer(_ => Fire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public DateTimeOffset Due { get; private set; } = DateTimeOffset.MaxValue;
        private TimeSpan Period { get; set; }

        public void Fire()
        {
            lock (clock.gate) Due = Period > TimeSpan.Zero ? clock.now + Period : DateTimeOffset.MaxValue;
            fire();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock.gate) (Due, Period) = (dueTime == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : clock.now + dueTime, period);
            return real.Change(dueTime, period);
        }

        public void Dispose()
        {
            lock (clock.gate) clock.timers.Remove(this);
            real.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
