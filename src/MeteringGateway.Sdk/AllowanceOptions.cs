namespace MeteringGateway.Sdk;

/// <summary>What an agent does that cannot ask: the gateway does not answer, or its signals are not heard.</summary>
public enum OnUnavailable
{
    /// <summary>It does not act.</summary>
    Deny = 1,

    /// <summary>It gives the case to people.</summary>
    HandOff,

    /// <summary>
    /// It acts on units that are held already, as long as they are; then it does not act. The cap holds.
    /// </summary>
    UseHeldUnits,

    /// <summary>It acts. The cap may be passed; what was decided so is counted, and reported afterwards.</summary>
    Allow,
}

/// <summary>How an <see cref="Allowance"/> takes units ahead of need.</summary>
public sealed class AllowanceOptions
{
    /// <summary>What happens while the gateway is away. There is no default: this is the caller's to choose.</summary>
    public required OnUnavailable OnUnavailable { get; init; }

    /// <summary>
    /// How long a slice is held at first, at least 4 s. Decisions are taken from it in the first half of it; the second
    /// is for reports on their way. What is left goes back.
    /// </summary>
    public TimeSpan SliceTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Units that are taken at least.</summary>
    public int SmallestSlice { get; init; } = 10;

    /// <summary>Units that are taken at most, up to 100,000 (A4).</summary>
    public int LargestSlice { get; init; } = 10_000;

    /// <summary>How long a refusal stands before it is asked again, when no signal says otherwise.</summary>
    public TimeSpan AskAgainAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long signals may be unheard before the gateway counts as away.</summary>
    public TimeSpan DeafAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long units are held for a permit of which nothing is heard.</summary>
    public TimeSpan PermitTime { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long stopping waits for permits that are out.</summary>
    public TimeSpan StopTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Where cases go with <see cref="OnUnavailable.HandOff"/>.</summary>
    public Handoff? UnavailableHandoff { get; init; }

    /// <exception cref="ArgumentException">Something makes no sense.</exception>
    internal void Check()
    {
        if (!Enum.IsDefined(OnUnavailable)) throw new ArgumentException("OnUnavailable must be chosen.");
        if (SliceTime < TimeSpan.FromSeconds(4) || SliceTime > TimeSpan.FromHours(24))
            throw new ArgumentException("SliceTime must be 4 s to 24 h.");
        if (SmallestSlice < 1 || LargestSlice < SmallestSlice || LargestSlice > 100_000)
            throw new ArgumentException("SmallestSlice and LargestSlice must be 1 to 100,000, in this order.");
        if (AskAgainAfter <= TimeSpan.Zero || DeafAfter < TimeSpan.Zero || PermitTime < SliceTime)
            throw new ArgumentException("Times must be longer than none, and PermitTime no shorter than SliceTime.");
    }
}

/// <summary>What was decided locally, and the unit that it is backed by. The default value is a refusal.</summary>
public readonly struct Permit
{
    internal Permit(DecisionKind kind, string reason, Holding.Slice? slice = null, Handoff? handoff = null,
        DateTimeOffset? retryAt = null, bool isBlind = false)
    {
        (Kind, _reason, Slice, Handoff, RetryAt, IsBlind) = (kind, reason, slice, handoff, retryAt, isBlind);
    }

    private readonly string? _reason;

    internal Holding.Slice? Slice { get; }

    /// <summary>Whether to act.</summary>
    public DecisionKind Kind { get; }

    /// <summary>Whether to act.</summary>
    public bool MayAct => Kind == DecisionKind.Allow;

    /// <summary>As in <see cref="Decision.Reason"/>; <c>unavailable</c> while the gateway is away.</summary>
    public string Reason => _reason ?? "unavailable";

    /// <summary>With <see cref="DecisionKind.Handoff"/>: to whom.</summary>
    public Handoff? Handoff { get; }

    /// <summary>When the answer may change by itself; null when nobody knows.</summary>
    public DateTimeOffset? RetryAt { get; }

    /// <summary>It was decided while the gateway was away.</summary>
    public bool IsBlind { get; }

    /// <summary>The reservation that it is a part of; null when it is backed by none.</summary>
    public string? Reservation => Slice?.Id;
}
