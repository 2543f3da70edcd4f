namespace MeteringGateway.Core;

/// <summary>
/// How things grow: what came since a period began comes again, in proportion to the time that is left.
/// </summary>
/// <param name="Gone">Ticks since it began.</param>
/// <param name="Left">Ticks to its end.</param>
internal readonly record struct Pace(long Gone, long Left)
{
    private static readonly TimeSpan ADay = TimeSpan.FromDays(1);

    /// <summary>
    /// Of the open period; a pace is not taken from less than a day: a minute says nothing of a month.
    /// </summary>
    public static Pace Of(TenantState state, Instant now)
    {
        var (since, period) = (Instant.Max(state.Open.Period.Start, state.CreatedAt), state.Open.Period);
        return new Pace(Math.Max((now - since).Ticks, ADay.Ticks), Math.Max(0, (period.End - now).Ticks));
    }

    /// <summary>The same, but to an earlier end.</summary>
    public Pace Until(Instant now, Instant end) => this with { Left = (end - now).Ticks };

    /// <summary>How much more comes of what came; fractions are rounded down.</summary>
    /// <exception cref="OverflowException">It leaves 64 bits (N1).</exception>
    public long Ahead(long sofar) => checked((long)((Int128)sofar * Left / Gone));
}
