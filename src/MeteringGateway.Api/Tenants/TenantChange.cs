using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Caps;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Overage;
using MeteringGateway.Api.Plans;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Tenants;

/// <summary>
/// Makes and changes tenants: a plan's version with the tenant's own terms laid over it becomes the terms in force.
/// </summary>
internal sealed class TenantChange(ITenants tenants, PlanBook plans, IStore store, ITurns turns)
{
    /// <returns>As it is now, and as it was before; null: it is made.</returns>
    public async Task<(TenantFigure Figure, TenantFigure? Before)> Put(
        HttpContext context, string tenant, PutTenantWire wanted, Principal caller, CancellationToken cancellation)
    {
        var findings = new Findings();
        if (!Ids.IsId(tenant)) findings.Add("", $"a tenant's id {Ids.Form}");
        await using var turn = await turns.Take($"tenant {tenant}", cancellation);
        var before = findings.Problem is null ? await tenants.Tenant(tenant, cancellation) : null;
        ETags.Demand(context, before is null ? null : TenantFigures.Tag(tenant, before));
        // A plan that a bound key may not see is not there for it: none of its tenants is on it, or is to be.
        var own = wanted.Plan is null && wanted.PlanVersion is null ? null
            : await PlanEndpoints.OwnPlans(caller, tenants, cancellation);
        own?.UnionWith((before?.Scheduled ?? []).Select(change => change.Setting).OfType<Setting.Plan>()
            .Select(plan => plan.Ref));
        var command = before is null ? Create(tenant, wanted, own, findings)
            : Change(tenant, wanted, before, own, findings);
        Demand(findings);
        await Execute(tenant, command with { Actor = caller.Actor }, cancellation);
        return (await tenants.Tenant(tenant, cancellation) ?? throw new ProblemException(Problem.UnknownTenant()),
            before);
    }

    /// <summary>Own terms that changed what only the plan before had, if another was chosen.</summary>
    public IEnumerable<LeftOverWire> Overrides(string tenant, TenantFigure before, TenantFigure after)
    {
        if (plans.TermsOf(tenant) is not { } own) return [];
        var next = after.Scheduled.FirstOrDefault(change => change.Setting is Setting.Plan);
        var to = next is { Setting: Setting.Plan plan } ? plan.Ref : after.Plan;
        if (to == before.Plan) return [];
        return LeftOver.Overrides(own, (before.Plan.Id, Plan(before.Plan)), (to.Id, Plan(to)), next?.EffectiveAt);
    }

    /// <returns>Its own terms as they were before; null: it had none.</returns>
    public async Task<PlanWire?> PutTerms(HttpContext context, string tenant, PlanWire own, Principal caller,
        CancellationToken cancellation)
    {
        await using var turn = await turns.Take($"tenant {tenant}", cancellation);
        var before = await tenants.Tenant(tenant, cancellation) ?? throw new ProblemException(Problem.UnknownTenant());
        var had = plans.TermsOf(tenant);
        ETags.Demand(context, had is null ? null : ETags.Of(had));
        var findings = new Findings();
        if (own.Currency is not null) findings.Add("/currency", "is the plan's; a tenant's own terms cannot change it");
        if (own.Page is not null) findings.Add("/page", "is the plan's; a tenant's own terms have no public page");
        PlanChecks.WhenPut(own with { Currency = null }, findings);
        await Replace(tenant, own, before, findings, caller, cancellation);
        return had;
    }

    /// <summary>
    /// Sets the one member <c>overage</c> of the tenant's own terms (F2): what it leaves out stays as it is in force.
    /// </summary>
    public async Task<TenantFigure> PutOverage(HttpContext context, string tenant, Body<OverageRuleWire> body,
        Principal caller, CancellationToken cancellation)
    {
        await using var turn = await turns.Take($"tenant {tenant}", cancellation);
        var before = await tenants.Tenant(tenant, cancellation) ?? throw new ProblemException(Problem.UnknownTenant());
        ETags.Demand(context, OverageEndpoints.Tag(before));
        // Whatever is wrong is under the member that the body is here.
        var findings = new Findings("/overage");
        var own = plans.TermsOf(tenant) ?? new PlanWire();
        var rule = OverageEndpoints.Over(own.On(Plan(before.Plan)).Overage, body);
        if (body.Value.AtLimit is not null) CapReader.DemandWho("/overage/at_limit", rule.AtLimit, findings);
        await Replace(tenant, own with { Overage = rule }, before, findings, caller, cancellation);
        return await tenants.Tenant(tenant, cancellation) ?? throw new ProblemException(Problem.UnknownTenant());
    }

    /// <summary>Null: no such tenant.</summary>
    public async Task<TenantTermsWire?> Terms(string tenant, CancellationToken cancellation)
    {
        if (await tenants.Tenant(tenant, cancellation) is not { } figure) return null;
        var own = plans.TermsOf(tenant) ?? new PlanWire();
        return new TenantTermsWire(figure.Plan.Id, figure.Plan.Version, own, own.On(Plan(figure.Plan)),
            figure.Scheduled.Where(change => change.Setting is Setting.Plan).Wire(figure.Terms.Currency));
    }

    // The terms that a tenant's own come to are worked out for every plan that matters, so that it does not matter
    // which of them is in force when they are set.
    private async Task Replace(string tenant, PlanWire own, TenantFigure before, Findings findings, Principal caller,
        CancellationToken cancellation)
    {
        var now = new Setting.Plan(before.Plan, Over(Plan(before.Plan), own, plans.TermsOf(tenant), findings));
        Demand(findings);
        var coming = before.Scheduled.Select(change => Anew(change, own, plans.TermsOf(tenant))).OfType<Setting.Plan>();
        // In one write: a change whose document was lost would be undone, in silence, by the next one of the plan.
        var next = plans.NextTerms(tenant, own, caller.Id);
        await Execute(tenant, new Command.SetTerms([now, .. coming]) { Actor = caller.Actor, Own = next },
            cancellation);
        if (next is not null) await plans.TermsTaken(store, tenant, next, own, cancellation);
    }

    private Setting.Plan? Anew(Scheduled change, PlanWire own, PlanWire? had)
    {
        if (change.Setting is not Setting.Plan { Ref: var plan }) return null;
        var findings = new Findings();
        var terms = Over(Plan(plan), own, had, findings);
        if (findings.Problem is not { Errors: { } errors }) return new Setting.Plan(plan, terms);
        throw new ProblemException(Problem.Invalid([.. errors.Select(error => error with
        {
            Detail = $"{error.Detail}, under the plan '{plan.Id}' that is to come at {change.EffectiveAt}",
        })]));
    }

    /// <param name="had">Own terms that were put before; what was wrong with these stays good.</param>
    private static Terms Over(PlanWire plan, PlanWire? own, PlanWire? had, Findings findings)
    {
        var whole = own.On(plan);
        PlanChecks.CreditsAreOfUse(whole, had.On(plan), findings);
        return PlanReader.Read(whole, findings);
    }

    private PlanWire Plan(PlanRef plan) => plans.Find(plan.Id, plan.Version)?.Plan
        ?? throw new InvalidOperationException($"version {plan.Version} of the plan {plan.Id} is not there");

    private Command Create(string tenant, PutTenantWire wanted, HashSet<PlanRef>? own, Findings findings)
    {
        var name = findings.Name("/name", wanted.Name);
        var (plan, terms) = Plan(tenant, wanted, before: null, own, findings);
        var zone = Zone(wanted.TimeZone, findings) ?? "UTC";
        var anchor = findings.Whole("/anchor_day", wanted.AnchorDay, 1, 31) ?? 1;
        findings.OneOf<Effective>("/effective", wanted.Effective);
        return new Command.Create(name, plan, terms, zone, (int)anchor, Clock(wanted.TestClock, findings));
    }

    private Command.Change Change(string tenant, PutTenantWire wanted, TenantFigure before, HashSet<PlanRef>? own,
        Findings findings)
    {
        if (wanted.TestClock is not null && Clock(wanted.TestClock, findings) != before.TestClock)
            throw new ProblemException(new Problem(
                StatusCodes.Status409Conflict, Names<Refusal>.Of(Refusal.TestClockFixed),
                "A tenant's test clock is set when it is made, for good."));
        var name = findings.OptionalName("/name", wanted.Name);
        var (plan, terms) = wanted.Plan is null && wanted.PlanVersion is null ? ((PlanRef?)null, (Terms?)null)
            : Plan(tenant, wanted, before.Plan, own, findings);
        var zone = Zone(wanted.TimeZone, findings);
        var anchor = (int?)findings.Whole("/anchor_day", wanted.AnchorDay, 1, 31);
        var effective = findings.OneOf<Effective>("/effective", wanted.Effective);
        var change = new Command.Change(name, plan, terms, zone, anchor, effective ?? Effective.Now);
        return WithoutEcho(change, before, dated: effective is not null);
    }

    /// <summary>
    /// What is only repeated beside something that changes is left as it is, and so is what is scheduled for it:
    /// whoever renames a tenant says its plan again, and does not take back the next one. Said for its own sake, or
    /// with a date, it holds from then on.
    /// </summary>
    private static Command.Change WithoutEcho(Command.Change change, TenantFigure before, bool dated)
    {
        var (planRepeated, zoneRepeated, anchorRepeated) = (change.Plan == before.Plan && !dated,
            change.Zone == before.Zone, change.AnchorDay == before.AnchorDay);
        var changes = (change.Name is not null && change.Name != before.Name)
            || (change.Plan is not null && !planRepeated) || (change.Zone is not null && !zoneRepeated)
            || (change.AnchorDay is not null && !anchorRepeated);
        return !changes ? change : change with
        {
            Plan = planRepeated ? null : change.Plan,
            Zone = zoneRepeated ? null : change.Zone,
            AnchorDay = anchorRepeated ? null : change.AnchorDay,
        };
    }

    /// <param name="own">Null: of all plans.</param>
    private (PlanRef Plan, Terms Terms) Plan(string tenant, PutTenantWire wanted, PlanRef? before,
        HashSet<PlanRef>? own, Findings findings)
    {
        var id = findings.Id("/plan", wanted.Plan ?? before?.Id);
        var asked = (int?)findings.Whole("/plan_version", wanted.PlanVersion, 1, int.MaxValue);
        var seen = own?.Where(plan => plan.Id == id).Select(plan => plan.Version).ToList();
        var version = asked ?? (before?.Id == id ? before.Version : seen is { Count: > 0 } ? seen.Max() : null);
        if (id.Length > 0 && seen?.Count == 0)
            findings.Add("/plan", NoPlan(id, [.. own!.Select(plan => plan.Id)]));
        else if (id.Length > 0 && seen?.Contains(version!.Value) != false && plans.Find(id, version) is { } plan)
            return Under(new PlanRef(id, plan.Version), plan.Plan);
        else if (id.Length > 0 && plans.Find(id, null) is null)
            findings.Add("/plan", NoPlan(id, [.. plans.Newest.Select(plan => plan.Id)]));
        else if (id.Length > 0) findings.Add("/plan_version", $"is no version of the plan '{id}'");
        return (new PlanRef("", 0), new Terms { Currency = "", OutcomeTypes = [] });

        (PlanRef, Terms) Under(PlanRef to, PlanWire plan)
        {
            var terms = plans.TermsOf(tenant);
            return (to, Over(plan, terms, to == before ? terms : null, findings));
        }
    }

    private static string NoPlan(string id, HashSet<string> seen) =>
        $"names no plan '{id}'" + (Nearest.To(id, seen, Math.Max(1, id.Length / 3)) is { } meant
            ? $": did you mean {meant}?" : "");

    private static string? Zone(string? zone, Findings findings)
    {
        if (zone is null) return null;
        if (IanaCalendar.TryValidateZone(zone)) return zone;
        findings.Add("/time_zone", "must be an IANA time zone such as Europe/Berlin");
        return null;
    }

    private static TestClock? Clock(TestClockWire? clock, Findings findings)
    {
        if (clock is null) return null;
        if (clock.Start is null) findings.Add("/test_clock/start", "is required");
        if (findings.Time("/test_clock/start", clock.Start) is not { } start) return null;
        if (start < TestClock.Earliest || start > TestClock.Latest)
            findings.Add("/test_clock/start", $"must be from {TestClock.Earliest} to {TestClock.Latest}");
        return new TestClock(start, clock.FollowEvents ?? false);
    }

    private static void Demand(Findings findings)
    {
        if (findings.Problem is { } invalid) throw new ProblemException(invalid);
    }

    private async Task Execute(string tenant, Command command, CancellationToken cancellation)
    {
        if (await tenants.Execute(tenant, command, cancellation) is Answer.Refused refused)
            throw new ProblemException(refused.ToProblem());
    }
}
