namespace MeteringGateway.Core.Tests.Scenarios;

/// <summary>A plan's members as they are in JSON, with what an absent one means.</summary>
internal sealed record PlanJson
{
    public required string Currency { get; init; }
    public required IReadOnlyList<TypeJson> OutcomeTypes { get; init; }
    public IReadOnlyList<ActivityJson> Activities { get; init; } = [];
    public IReadOnlyList<CapJson> Caps { get; init; } = [];
    public IReadOnlyList<ThresholdJson> Thresholds { get; init; } = [];
    public IReadOnlyList<CommitmentJson> Commitments { get; init; } = [];
    public TrainingJson? Training { get; init; }
    public CreditsJson? Credits { get; init; }
    public OverageJson? Overage { get; init; }
    public IReadOnlyList<PackJson> TopUps { get; init; } = [];
    public string? TopUpLimit { get; init; }
    public string? CreditValue { get; init; }
    public string? PlatformFee { get; init; }
    public string? ImplementationFee { get; init; }
    public string MaxLateness { get; init; } = "PT72H";
}

internal sealed record TypeJson
{
    public required string Id { get; init; }
    public string? Price { get; init; }
    public IReadOnlyList<TierJson> Tiers { get; init; } = [];
    public IReadOnlyList<ClassJson> Prices { get; init; } = [];
    public string? Credits { get; init; }
    public OverageJson? Overage { get; init; }
    public long IncludedUnits { get; init; }
    public string MeasurementWindow { get; init; } = "PT72H";
    public bool WindowRestartsOnActivity { get; init; }
    public bool OncePerSession { get; init; } = true;
    public string? ExclusiveGroup { get; init; }
    public string Reopen { get; init; } = "continuation";
    public string SettlesOn { get; init; } = "window";
    public bool VerificationRequired { get; init; }
    public decimal? MinConfidence { get; init; }
    public IReadOnlyList<string> RequiredCriteria { get; init; } = [];
    public bool HandoffBillable { get; init; }
    public string AfterWindow { get; init; } = "ignore";
    public string PendingWeight { get; init; } = "full";
    public string? Description { get; init; }
}

internal sealed record ActivityJson(string Id, string? Price = null, string? Description = null);

internal sealed record TierJson(string Price, long? UpTo = null);

internal sealed record ClassJson(WhenJson When, string Price);

internal sealed record WhenJson(string? Workflow = null, string? Verification = null);

internal sealed record CommitmentJson(
    string? OutcomeType = null, long? Units = null, string? Price = null, string? Amount = null, string Per = "period");

internal sealed record CreditsJson(string? PeriodGrant = null, RolloverJson? Rollover = null);

internal sealed record PackJson(string Id, string Credits, string Price, string? ExpiresAfter = null);

internal sealed record RolloverJson(string Max, int? Periods = null);

internal sealed record OverageJson(
    string? Mode = null, string? Price = null, LevelJson? Limit = null, bool RequiresAuthorization = false,
    AtLimitJson? AtLimit = null);

internal sealed record CapJson(
    string Id, LevelJson Limit, ScopeJson? Scope = null, string Period = "billing_period", AtLimitJson? AtLimit = null);

internal sealed record ScopeJson(
    string? OutcomeType = null, string? Activity = null, string? Agent = null, string? Channel = null,
    string? Workflow = null);

internal sealed record AtLimitJson(string Action, string? To = null, string? Message = null);

internal sealed record ThresholdJson(string Id, string Of, LevelJson At);

internal sealed record LevelJson(int? Percent = null, long? Units = null, string? Amount = null);

internal sealed record TrainingJson(int? Days = null, string? Until = null, long? MaxOutcomes = null);
