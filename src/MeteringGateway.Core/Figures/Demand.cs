namespace MeteringGateway.Core;

/// <summary>Outcomes that no cap that denies tells apart, and no price (Q2).</summary>
/// <param name="Agent">With the other dimensions and the method: null also for a value that nothing names.</param>
/// <param name="Method">Of the verification.</param>
internal sealed record Mix(string Type, string? Agent, string? Channel, string? Workflow, string? Method)
    : IComparable<Mix>
{
    public Subject Subject => new(Type, IsActivity: false, new Dimensions(Agent, Channel, Workflow));

    public int CompareTo(Mix? other)
    {
        var order = string.CompareOrdinal(Type, other!.Type);
        if (order == 0) order = string.CompareOrdinal(Agent, other.Agent);
        if (order == 0) order = string.CompareOrdinal(Channel, other.Channel);
        if (order == 0) order = string.CompareOrdinal(Workflow, other.Workflow);
        return order != 0 ? order : string.CompareOrdinal(Method, other.Method);
    }
}

/// <summary>Units that were asked for: those that are rated, and those that a cap or the funding refused.</summary>
internal readonly record struct Asked(long Rated, long Refused);

/// <summary>
/// What a period was asked for, by mix. Kept up to date as outcomes come and go, from when a forecast first asks for
/// it; not part of the state. It holds as many mixes as combinations of named values were seen, however many outcomes.
/// </summary>
internal sealed class Demand
{
    private readonly NamedValues _names;
    private readonly Dictionary<Mix, Asked> _asked = [];

    private Demand(NamedValues names, IEnumerable<Outcome> outcomes)
    {
        _names = names;
        foreach (var outcome in outcomes) Count(outcome, 1);
    }

    /// <summary>In order of the types' ids.</summary>
    public static IReadOnlyList<KeyValuePair<Mix, Asked>> Of(TenantState state, PeriodBook book, NamedValues names)
    {
        if (names.AreNone) return ByType(state, book);
        if (book.Demand?._names.IsSameAs(names) != true) book.Demand = new Demand(names, state.OutcomesOf(book));
        return [.. book.Demand._asked.OrderBy(asked => asked.Key)];
    }

    /// <summary>Counts an outcome in (<paramref name="sign"/> 1) or out (-1).</summary>
    public void Count(Outcome outcome, int sign)
    {
        var refused = !outcome.IsAlias && outcome.Status == OutcomeStatus.NonBillable && IsRefusal(outcome.Reason);
        if (!refused && !outcome.IsRated) return;
        var mix = _names.MixOf(outcome);
        var units = (long)sign * outcome.Quantity;
        var asked = _asked.GetValueOrDefault(mix);
        asked = refused ? asked with { Refused = asked.Refused + units } : asked with { Rated = asked.Rated + units };
        if (asked == default) _asked.Remove(mix);
        else _asked[mix] = asked;
    }

    /// <summary>Where it parts from what it would be made anew; null: nowhere.</summary>
    public string? Differs(IEnumerable<Outcome> outcomes)
    {
        var anew = new Demand(_names, outcomes)._asked;
        return anew.Count == _asked.Count && anew.All(asked => _asked.GetValueOrDefault(asked.Key) == asked.Value)
            ? null : "the demand";
    }

    /// <summary>Where nothing is told apart but the types, the counters of the period say it.</summary>
    private static KeyValuePair<Mix, Asked>[] ByType(TenantState state, PeriodBook book)
    {
        var rating = state.RatingOf(book);
        return [.. state.Terms.OutcomeTypes.OrderBy(type => type.Id, StringComparer.Ordinal).Select(type =>
        {
            var counted = book.Types.Find(one => one.Id == type.Id);
            var refused = counted?.NonBillable?.Where(free => IsRefusal(free.Key)).Sum(free => free.Value) ?? 0;
            return KeyValuePair.Create(new Mix(type.Id, null, null, null, null),
                new Asked(rating.Units(type.Id), refused));
        })];
    }

    private static bool IsRefusal(Reason reason) => reason is >= Reason.OverCap and <= Reason.OverageLimitReached;
}

/// <summary>Values of dimensions that caps which deny, and price classes, tell apart.</summary>
internal sealed class NamedValues
{
    private readonly HashSet<string> _agents = new(StringComparer.Ordinal);
    private readonly HashSet<string> _channels = new(StringComparer.Ordinal);
    private readonly HashSet<string> _workflows = new(StringComparer.Ordinal);
    private readonly HashSet<string> _methods = new(StringComparer.Ordinal);

    public NamedValues(PeriodBook book, Terms terms)
    {
        foreach (var cap in book.Caps)
        {
            if (cap.Cap.AtLimit.Action == LimitAction.Notify) continue;
            Add(_agents, cap.Cap.Scope.Agent);
            Add(_channels, cap.Cap.Scope.Channel);
            Add(_workflows, cap.Cap.Scope.Workflow);
        }
        foreach (var price in terms.OutcomeTypes.SelectMany(type => type.Prices))
        {
            Add(_workflows, price.Workflow);
            Add(_methods, price.Verification);
        }
    }

    public bool AreNone => _agents.Count + _channels.Count + _workflows.Count + _methods.Count == 0;

    public Mix MixOf(Outcome outcome)
    {
        var where = Of(outcome.Dimensions);
        return new Mix(outcome.Type, where.Agent, where.Channel, where.Workflow,
            Of(_methods, outcome.Verification?.Method));
    }

    /// <summary>Without the values that nothing names.</summary>
    public Dimensions Of(Dimensions where) =>
        new(Of(_agents, where.Agent), Of(_channels, where.Channel), Of(_workflows, where.Workflow));

    public bool IsSameAs(NamedValues other) => _agents.SetEquals(other._agents) && _channels.SetEquals(other._channels)
        && _workflows.SetEquals(other._workflows) && _methods.SetEquals(other._methods);

    private static string? Of(HashSet<string> named, string? value) =>
        value is not null && named.Contains(value) ? value : null;

    private static void Add(HashSet<string> names, string? name)
    {
        if (name is not null) names.Add(name);
    }
}
