using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>
/// One more unit of anything, with nothing reserved: which questions about it a cap, or the funding, would refuse (S6).
/// What a check answers is worked out of the same runs and the same rules (<see cref="Allowance"/>).
/// </summary>
internal readonly struct NextUnits(TenantState state, Instant now)
{
    private readonly Traits _traits = state.TraitsOf(state.Open, state.Terms);
    private readonly bool _trains = state.IsTraining(now);

    /// <summary>Outcome types whose funding can refuse a unit, in order of their ids.</summary>
    public ImmutableArray<TypeTraits> Restricted => _traits.RestrictedTypes;

    /// <summary>What stands against a cap of the open period, in units or millionths: settled and pending.</summary>
    public long Used(CapBook cap) =>
        state.CountedOf(state.Open, cap, cap.Cap.Period == CapPeriod.Day ? state.CurrentDay(now) : 0);

    public ImmutableArray<Stop> StopsOf(CapBook cap, long used)
    {
        var left = cap.Cap.Limit.Value - used;
        if (!cap.Cap.Limit.IsMoney) return left > 0 ? [] : cap.Whole;
        return left >= _traits.Dearest ? [] : Unaffordable(cap, left);
    }

    /// <summary>In order of the ids, outcome types first; all outcome types of the scope as one.</summary>
    private ImmutableArray<Stop> Unaffordable(CapBook cap, long left)
    {
        var scope = cap.Cap.Scope;
        if (scope.Activity is { } only) return TooDear(state.Terms.Activity(only)?.Price, left) ? cap.Whole : [];
        var stops = ImmutableArray.CreateBuilder<Stop>();
        var all = true;
        if (!_trains)
            foreach (var type in _traits.Types)
                if (scope.OutcomeType is null || scope.OutcomeType == type.Id)
                    all &= Add(stops, type, scope, left, out _);
        if (stops.Count > 0 && all) { stops.Clear(); stops.AddRange(cap.Whole); }
        if (scope.OutcomeType is null)
            foreach (var activity in _traits.Fees)
                if (TooDear(activity.Price, left))
                    stops.Add(new Stop(StopOn.Activity, null, activity.Id, scope.Agent, scope.Channel, scope.Workflow));
        return stops.DrainToImmutable();
    }

    /// <summary>What no source funds of a type, and why (F3).</summary>
    public (ImmutableArray<Stop> Stops, DecisionReason Reason) Unfunded(TypeTraits type)
    {
        if (_trains) return ([], DecisionReason.Ok);
        var stops = ImmutableArray.CreateBuilder<Stop>();
        Add(stops, type, Scope.Everything, null, out var why);
        return (stops.DrainToImmutable(), why);
    }

    /// <summary>
    /// Adds what is refused of a type: all of it (true), only what has certain workflows, or all but that, where its
    /// price depends on the workflow (F7).
    /// </summary>
    /// <param name="left">Under a cap on money; null: asked of the funding.</param>
    private bool Add(ImmutableArray<Stop>.Builder stops, TypeTraits type, Scope scope, long? left,
        out DecisionReason why)
    {
        var rates = state.RatingOf(state.Open).Rater.RatesOf(state.TermsIndexAt(state.Now), type.Id);
        var others = Refuses(rates, scope.Workflow, left);
        why = others;
        var stop = new Stop(StopOn.Outcome, type.Id, null, scope.Agent, scope.Channel, scope.Workflow);
        if (scope.Workflow is not null || type.Workflows.IsEmpty)
        {
            if (others == DecisionReason.Ok) return false;
            stops.Add(stop);
            return true;
        }
        var apart = ImmutableArray.CreateBuilder<string>();
        foreach (var workflow in type.Workflows)
        {
            var one = Refuses(rates, workflow, left);
            if (one != DecisionReason.Ok) why = one;
            if (one == DecisionReason.Ok != (others == DecisionReason.Ok)) apart.Add(workflow);
        }
        if (others != DecisionReason.Ok) stops.Add(stop with { WorkflowNot = apart.DrainToImmutable() });
        else foreach (var workflow in apart) stops.Add(stop with { Workflow = workflow });
        return others != DecisionReason.Ok && stops[^1].WorkflowNot.IsEmpty;
    }

    private DecisionReason Refuses(TypeRates rates, string? workflow, long? left)
    {
        var rating = state.RatingOf(state.Open);
        var priceClass = Pricing.ClassOf(rates.Type, workflow, null);
        var run = Rater.Next(rating.Tail, rates, priceClass, now, rating.Rater.Grants);
        if (left is { } room) return TooDear(run.Price, room) ? DecisionReason.CapReached : DecisionReason.Ok;
        var overage = Overage.Of(rating.Rater, rates.Terms, state.Authorization);
        var (units, reason, _) = overage.Allows(rates, rating.Tail, run);
        return units > 0 ? DecisionReason.Ok : reason;
    }

    private static bool TooDear(Amount? price, long left) => price is { Micros: > 0 } amount && amount.Micros > left;
}
