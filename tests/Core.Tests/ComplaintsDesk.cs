namespace MeteringGateway.Core.Tests;

/// <summary>A tenant with one outcome type, for the tests of what users of other meters suffer from.</summary>
internal sealed class ComplaintsDesk
{
    public const string Type = "support.resolution";
    public static readonly Instant Noon = Instant.Parse("2026-11-10T12:00:00Z");

    private readonly RealTenant _tenant = new();

    public ComplaintsDesk(OutcomeType? type = null, Func<Terms, Terms>? agreed = null, Instant? start = null,
        string zone = "UTC", int anchor = 1)
    {
        Now = start ?? Noon;
        var terms = new Terms { Currency = "USD",
            OutcomeTypes = [type ?? new OutcomeType { Id = Type, Price = Amount.Parse("1.00") }] };
        Do(new Command.Create("Acme", new PlanRef("plan", 1), agreed?.Invoke(terms) ?? terms, zone, anchor, null));
    }

    public Instant Now { get; private set; }
    public TenantState State => _tenant.State;
    public IReadOnlyList<byte[]> Journal => _tenant.Journal;

    /// <summary>Of all commands so far.</summary>
    public List<Entry> Entries { get; } = [];

    public Usage Usage => State.Usage(null, Now)!;
    public CapUsage Cap => Usage.Caps.Single();

    public Answer Do(Command command)
    {
        var answer = _tenant.Run(command, Now);
        Entries.AddRange(_tenant.Taken);
        return answer;
    }

    public T Do<T>(Command command) where T : Answer => Assert.IsType<T>(Do(command));

    /// <summary>Time passes, and what is due happens.</summary>
    public void Pass(TimeSpan span) => Until(Now + span);

    public void Until(Instant to)
    {
        Now = to;
        Do<Answer.Done>(new Command.Tick());
    }

    public Answer Report(string id, int quantity = 1, string? reservation = null, string type = Type,
        Instant? time = null) =>
        Do(EventText.Fingerprinted(new Command.ReportOutcome(new EventId("/desk", id), time, type, id)
        {
            Quantity = quantity, Reservation = reservation,
        }));

    public Answer Fact(string outcome, FactKind kind) =>
        Do(EventText.Fingerprinted(
            new Command.ReportFact(new EventId("/desk", $"{outcome}-{kind}"), null, outcome, kind)));

    public Decision Check(int quantity = 1) => State.Allowance().Check(Question(quantity), Now)!;

    public ReservationFigure? Reserve(int quantity = 1, int seconds = 60) =>
        Do<Answer.Reserved>(new Command.Reserve(Question(quantity), TimeSpan.FromSeconds(seconds),
            AllowPartial: false)).Reservation;

    public Answer.Granted TopUp(string credits, string? key = null, Instant? expires = null) =>
        Do<Answer.Granted>(new Command.IssueGrant(GrantKind.TopUp, Amount.Parse(credits), expires, null,
            Amount.Parse("9.00"), null, key));

    public string Remaining(string grant) =>
        Usage.Credits.Grants.FirstOrDefault(one => one.Id == grant)?.Remaining.ToString() ?? "gone";

    /// <summary>As after a restart from the journal alone.</summary>
    public void Restart()
    {
        var again = RealTenant.Fold(_tenant.Journal);
        Assert.Equal(RealTenant.Hex(State.Digest()), RealTenant.Hex(again.Digest()));
        _tenant.Reload();
    }

    public static Question Question(int quantity) => new(new Subject(Type, IsActivity: false, Dimensions.None),
        quantity);

    public static Cap Units(long limit, string id = "monthly") => new() { Id = id, Limit = limit };

    public static OutcomeType ByCredits(string credits) =>
        new() { Id = Type, Credits = Amount.Parse(credits), MeasurementWindow = TimeSpan.Zero };
}
