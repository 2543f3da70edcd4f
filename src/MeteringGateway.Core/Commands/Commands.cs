using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;

namespace MeteringGateway.Core;

/// <summary>Who asked: the key and its role, for the journal (D4).</summary>
public sealed record Actor(string KeyId, string Role);

/// <summary>
/// What can be asked of a tenant. Commands are not kept; what became true by them is (see <see cref="Entry"/>).
/// </summary>
public abstract record Command
{
    private Command() { }

    /// <summary>Null for what agent runtimes send: their events carry their own source.</summary>
    public Actor? Actor { get; init; }

    /// <summary>Makes the tenant. Must be its first command.</summary>
    public sealed record Create(string Name, PlanRef Plan, Terms Terms, string Zone, int AnchorDay,
        TestClock? TestClock) : Command;

    /// <summary>
    /// Changes what <see cref="Create"/> set; null leaves a member as it is, and what is scheduled for it. A new zone
    /// or anchor starts with the next period (T2), a plan now or then. What is set holds from its date on: whatever
    /// was scheduled for the same member is taken back.
    /// </summary>
    /// <param name="Terms">With <paramref name="Plan"/>.</param>
    public sealed record Change(string? Name, PlanRef? Plan, Terms? Terms, string? Zone, int? AnchorDay,
        Effective Effective) : Command;

    /// <summary>
    /// The tenant's own terms changed: what each plan that it has, or is to have, comes to with them. In force at once;
    /// a plan that is scheduled is still to come.
    /// </summary>
    public sealed record SetTerms(ImmutableArray<Setting.Plan> Plans) : Command
    {
        /// <summary>What the tenant's own terms are now, for whoever works them out again; stored in the same write, if
        /// the command is not refused. Null: as they were.</summary>
        public OwnTerms? Own { get; init; }
    }

    /// <summary>A version of the document that a tenant's own terms are kept in.</summary>
    /// <param name="Kind">Of document.</param>
    /// <param name="By">Key id of who made it.</param>
    public sealed record OwnTerms(string Kind, int Version, string By, byte[] Content);

    /// <summary>Takes back a change that is to come.</summary>
    public sealed record Withdraw(string Id) : Command;

    /// <summary>Closes the tenant: no more events.</summary>
    public sealed record Close : Command;

    /// <summary>Moves a test clock forward (T5).</summary>
    public sealed record AdvanceClock(Instant To) : Command;

    /// <summary>Does what is due, and nothing else.</summary>
    public sealed record Tick : Command;

    /// <summary>Outcomes of closed periods leave memory, as many as one turn lets (I4). It waits for nothing, and
    /// nothing waits for it.</summary>
    public sealed record Archive : Command;

    /// <summary>One of the runtime's events.</summary>
    /// <param name="Id">Source and id (I1).</param>
    /// <param name="Time">When it happened; null means now.</param>
    public abstract record Event(EventId Id, Instant? Time) : Command
    {
        public string? Session { get; init; }
        public Dimensions Dimensions { get; init; } = Dimensions.None;
        /// <summary>What billing does not need, stored apart from the journal (D2).</summary>
        public Detail? Detail { get; init; }
        /// <summary>Keyed hash of who the end customer is; 0: not told, or there is no key for it (Q1).</summary>
        public ulong Customer { get; init; }
        /// <summary>Hash of the members that matter to billing (I1); see <see cref="Fingerprint"/>.</summary>
        public ulong Fingerprint { get; init; }
    }

    public sealed record ReportOutcome(EventId Id, Instant? Time, string OutcomeType, string OutcomeId)
        : Event(Id, Time)
    {
        /// <summary>Units, 1 to 1,000,000 (N1).</summary>
        public int Quantity { get; init; } = 1;
        public Result Result { get; init; }
        public string? Reservation { get; init; }
        public ImmutableArray<string> CriteriaMet { get; init; } = [];
        public bool HandedOff { get; init; }
        public bool Sandbox { get; init; }
        public Verification? Verification { get; init; }
    }

    /// <summary>
    /// A confirmation, a reversal, or the buyer's verdict on an outcome; it may come before its report (O6).
    /// </summary>
    public sealed record ReportFact(EventId Id, Instant? Time, string OutcomeId, FactKind Kind) : Event(Id, Time)
    {
        public Verification? Verification { get; init; }
        /// <summary>1 to 5, with a verdict (O8).</summary>
        public byte? Csat { get; init; }
        /// <summary>Of a verdict, as it was hashed when it had no namespace of its own and its time counted
        /// (I1).</summary>
        public ulong FormerFingerprint { get; init; }

        /// <summary>The buyer's own: its ids are apart from the vendor's (I1), and the gateway times it (O8).</summary>
        public bool IsVerdict => Kind is FactKind.VerdictAccepted or FactKind.VerdictRejected;
    }

    public sealed record ReportActivity(EventId Id, Instant? Time, string Activity) : Event(Id, Time)
    {
        public int Quantity { get; init; } = 1;
        public bool HandedOff { get; init; }
    }

    /// <summary>A check whose answer is journalled (A3).</summary>
    public sealed record RecordCheck(Question Question) : Command;

    /// <summary>Holds 1 to 100,000 units for 1 s to 24 h (A4).</summary>
    public sealed record Reserve(Question Question, TimeSpan Ttl, bool AllowPartial) : Command;

    public sealed record ExtendReservation(string Reservation, TimeSpan Ttl) : Command;

    public sealed record ReleaseReservation(string Reservation) : Command;

    /// <param name="WhenBelowExposure">What to do when the limit is under what is already used (C6); null
    /// refuses.</param>
    public sealed record SetCap(Cap Cap, Effective? WhenBelowExposure) : Command;

    public sealed record RemoveCap(string Cap) : Command;

    /// <param name="Action">Pause or hand off; never <see cref="LimitAction.Notify"/>.</param>
    public sealed record Pause(AtLimit Action, string Reason) : Command;

    public sealed record Resume : Command;

    public sealed record Acknowledge(long Signal, string Agent) : Command;

    public sealed record SetThreshold(Threshold Threshold) : Command;

    public sealed record RemoveThreshold(string Threshold) : Command;

    /// <summary>Issues credits (F5): a top-up or a promotion.</summary>
    /// <param name="Amount">Credits, above 0.</param>
    /// <param name="Priority">Lower is spent first; null: that of the kind.</param>
    /// <param name="Price">What was paid for it, in the tenant's currency.</param>
    /// <param name="Key">The caller's idempotency key: the same never buys twice, at any age (F6).</param>
    public sealed record IssueGrant(GrantKind Kind, Amount Amount, Instant? ExpiresAt, int? Priority, Amount? Price,
        string? Note, string? Key) : Command;

    /// <summary>Buys a pack of the terms in force, at their price (F9).</summary>
    /// <param name="Quantity">1 to 1,000,000.</param>
    /// <param name="Key">The caller's idempotency key: the same never buys twice, at any age (F6).</param>
    public sealed record BuyPack(string Pack, int Quantity, string? Note, string Key) : Command;

    public sealed record VoidGrant(string Grant) : Command;

    /// <summary>Lets what a rule of overage holds back go on demand (F2).</summary>
    /// <param name="Standing">Until it is taken back; else for the open period.</param>
    public sealed record AuthorizeOverage(bool Standing, Limit? Limit) : Command;

    public sealed record WithdrawAuthorization : Command;

    /// <summary>What was stored apart of an end customer's events is erased (D2, D4).</summary>
    /// <param name="Events">Of how many there was anything.</param>
    public sealed record NoteErasure(long Events) : Command
    {
        /// <summary>Of which entries, where it goes with this one's.</summary>
        public IReadOnlyList<long> Sequences { get; init; } = [];
    }

    /// <summary>The buyer contests an outcome that it is to pay for (D3).</summary>
    /// <param name="Reason">1 to 1,000 characters.</param>
    public sealed record OpenDispute(string OutcomeId, string Reason) : Command;

    /// <summary>The vendor decides a dispute (D3).</summary>
    /// <param name="Credited">The outcome is not charged; else it stays as it is.</param>
    /// <param name="Note">1 to 1,000 characters: what the buyer is told.</param>
    public sealed record ResolveDispute(string Dispute, bool Credited, string Note) : Command;
}

/// <summary>Source and id of an event; a pair names one event within a tenant (I1).</summary>
public sealed record EventId(string Source, string Id)
{
    private UInt128 _key;

    /// <summary>
    /// The first 128 bits of SHA-256 over source, a zero byte and id: what is remembered of it (I2). Nobody can make
    /// two meet. Worked out when first asked for; whoever reads events asks, so that a tenant's turn need not.
    /// </summary>
    public UInt128 Key => _key == 0 ? _key = Hash(Source, Id) : _key;

    /// <summary>The same in the namespace of the buyer's verdicts: neither party can take the other's ids.</summary>
    public UInt128 VerdictKey => Hash("verdict\0" + Source, Id);

    public bool Equals(EventId? other) => other is not null && Id == other.Id && Source == other.Source;

    public override int GetHashCode() => HashCode.Combine(Source, Id);

    internal static UInt128 Hash(string source, string id)
    {
        var most = Encoding.UTF8.GetMaxByteCount(source.Length + id.Length) + 1;
        var text = most <= 1024 ? stackalloc byte[most] : new byte[most];
        var length = Encoding.UTF8.GetBytes(source, text);
        text[length++] = 0;
        length += Encoding.UTF8.GetBytes(id, text[length..]);
        Span<byte> hash = stackalloc byte[Sha256.Length];
        Sha256.Hash(text[..length], hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    /// <param name="source">With the zero byte.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static UInt128 Hash(ReadOnlySpan<byte> source, ReadOnlySpan<byte> id)
    {
        Span<byte> hash = stackalloc byte[Sha256.Length];
        Sha256.Hash(source, id, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}

/// <param name="Method">Who or what verified: <c>llm</c>, <c>human</c>, <c>caller_confirmed</c>.</param>
/// <param name="Confidence">In millionths, 0 to 1,000,000.</param>
public sealed record Verification(string Method, bool Passed, int? Confidence);

/// <summary>What is stored apart so that it can be erased: the journal holds only SHA-256(salt, json) (D2).</summary>
/// <param name="Json">A JSON object: <c>end_customer</c>, <c>source_url</c>, <c>evidence_url</c>, <c>note</c>,
/// <c>metadata</c>, those that were given.</param>
/// <param name="Salt">16 random bytes.</param>
public sealed record Detail(byte[] Json, byte[] Salt, string? EndCustomer);

/// <summary>What an agent runtime asks: may I do this much of that?</summary>
public sealed record Question(Subject Subject, long Quantity, string? Session = null);

public sealed record PlanRef(string Id, int Version);

/// <param name="Start">Where the clock starts (T5).</param>
/// <param name="FollowEvents">The clock follows the latest event time it has seen, by a year at most for one
/// event.</param>
public sealed record TestClock(Instant Start, bool FollowEvents)
{
    /// <summary>Where one may start at the earliest.</summary>
    public static readonly Instant Earliest = Instant.Parse("1970-01-01T00:00:00Z");

    /// <summary>Where one may stand at the latest: what comes after can still be told as a date.</summary>
    public static readonly Instant Latest = Instant.Parse("9000-01-01T00:00:00Z");

    /// <summary>How far it moves in all from where it started: of every period something is kept (N4).</summary>
    public static readonly TimeSpan Span = TimeSpan.FromDays(36_525);

    /// <summary>How far it moves at a time.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(3660);
}
