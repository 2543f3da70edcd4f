using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>
/// Random commands, with ids that come back so that duplicates, reversals and reservations meet what they are about.
/// </summary>
internal sealed class Commands(Random random, FakeTime time)
{
    private readonly Lock _gate = new();
    private readonly List<Command.Event> _sent = [];
    private readonly List<string> _outcomes = [];
    private readonly List<string> _reservations = [];
    private readonly List<string> _disputes = [];
    private int _next;

    private Instant Now => Instant.From(time.GetUtcNow());

    public static readonly string[] Tenants = ["acme", "zoo", "test-clock"];

    public Command.Create Create(string tenant) => Make.Tenant(
        Make.Terms(cap: random.Next(5, 40), window: TimeSpan.FromHours(random.Next(3) * 12), warnAt: 50) with
        {
            Caps =
            [
                new Cap { Id = "monthly", Limit = random.Next(5, 60) },
                new Cap { Id = "daily", Limit = random.Next(2, 12), Period = CapPeriod.Day,
                    AtLimit = new AtLimit(LimitAction.Handoff, "queue") },
            ],
        },
        tenant == "test-clock" ? new TestClock(Now, FollowEvents: random.Next(2) == 0) : null, random.Next(2) == 0
            ? "UTC" : "America/New_York");

    public void Reserved(string reservation)
    {
        lock (_gate) _reservations.Add(reservation);
    }

    public void Disputed(string dispute)
    {
        lock (_gate) _disputes.Add(dispute);
    }

    public Command Next(string tenant)
    {
        lock (_gate) return Any(tenant); // answers come meanwhile
    }

    private Command Any(string tenant) => random.Next(20) switch
    {
        < 8 => Report(),
        < 10 => Activity(),
        < 13 when _outcomes.Count > 0 => Fact(),
        < 15 when _sent.Count > 0 => _sent[random.Next(_sent.Count)],
        15 => Make.Reserve(random.Next(1, 6), TimeSpan.FromMinutes(random.Next(1, 600)), random.Next(2) == 0),
        16 when _reservations.Count > 0 =>
            new Command.ReleaseReservation(_reservations[random.Next(_reservations.Count)]),
        17 => new Command.SetCap(new Cap { Id = "monthly", Limit = random.Next(1, 80) }, Effective.Now),
        18 when tenant == "test-clock" => new Command.AdvanceClock(Now + TimeSpan.FromHours(random.Next(24 * 20))),
        18 => random.Next(2) == 0 ? new Command.Pause(AtLimit.Pause, "by hand") : new Command.Resume(),
        _ when random.Next(2) == 0 => new Command.RecordCheck(Make.Ask(random.Next(1, 4))),
        _ when _disputes.Count > 0 && random.Next(2) == 0 =>
            new Command.ResolveDispute(_disputes[random.Next(_disputes.Count)], random.Next(3) > 0, "looked into"),
        _ => new Command.OpenDispute(_outcomes.Count == 0 ? "none" : _outcomes[random.Next(_outcomes.Count)], "no"),
    };

    private Command.ReportOutcome Report()
    {
        var id = $"o{_next++}";
        _outcomes.Add(id);
        var report = Make.Report(id, Time(), random.Next(1, 4), random.Next(4) == 0 ? $"s{random.Next(5)}" : null,
            _reservations.Count > 0 && random.Next(5) == 0 ? _reservations[^1] : null);
        return Sent(random.Next(4) == 0 ? report with { Detail = Make.Detail(id) } : report);
    }

    private Command.ReportActivity Activity() =>
        Sent(Make.Activity($"a{_next++}", random.Next(2) == 0 ? $"s{random.Next(5)}" : null, Time()));

    private Command.ReportFact Fact()
    {
        FactKind[] kinds = [FactKind.Confirmed, FactKind.Reopened, FactKind.Escalated, FactKind.VerdictRejected];
        return Sent(Make.Fact($"f{_next++}", _outcomes[random.Next(_outcomes.Count)], kinds[random.Next(kinds.Length)],
            Time()));
    }

    private T Sent<T>(T command) where T : Command.Event
    {
        _sent.Add(command);
        return command;
    }

    // Always named: an event without a time cannot be told from a new one when its id was forgotten (I2).
    private Instant Time() => random.Next(3) == 0 ? Now - TimeSpan.FromMinutes(random.Next(0, 6 * 24 * 60)) : Now;
}
