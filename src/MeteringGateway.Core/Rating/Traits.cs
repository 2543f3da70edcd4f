using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace MeteringGateway.Core;

/// <summary>What terms mean for how a turn goes about its work.</summary>
internal sealed class Traits
{
    private static readonly ConditionalWeakTable<Terms, Traits> Usual = [];

    private Traits(Terms terms, Terms atStart)
    {
        (Terms, AtStart, Plain) = (terms, atStart, true);
        Types = [.. terms.OutcomeTypes.OrderBy(type => type.Id, StringComparer.Ordinal)
            .Select(type => new TypeTraits(type.Id, WorkflowsOf(type)))];
        Fees = [.. terms.Activities.Where(activity => activity.Price is { Micros: > 0 })
            .OrderBy(activity => activity.Id, StringComparer.Ordinal)];
        var restricted = new HashSet<string>(StringComparer.Ordinal);
        foreach (var type in terms.OutcomeTypes)
        {
            var governed = Pricing.IsGoverned(type, atStart);
            if (governed && Pricing.Restricts(Pricing.RuleOf(type, terms), type)) restricted.Add(type.Id);
            Plain &= !governed && type.Tiers.IsEmpty;
            Dearest = Math.Max(Dearest, Pricing.MostOf(type, terms, atStart).Micros);
        }
        RestrictedTypes = [.. Types.Where(type => restricted.Contains(type.Id))];
        foreach (var activity in Fees) Dearest = Math.Max(Dearest, activity.Price!.Value.Micros);
    }

    public Terms Terms { get; }
    /// <summary>Those of the period's first instant.</summary>
    public Terms AtStart { get; }

    /// <summary>A rule can refuse units, so that admission depends on what was used before.</summary>
    public bool Restricted => !RestrictedTypes.IsEmpty;
    /// <summary>Every type goes on demand at one price, and nothing can be used up.</summary>
    public bool Plain { get; }

    /// <summary>In order of their ids; so are the others.</summary>
    public ImmutableArray<TypeTraits> Types { get; }
    public ImmutableArray<TypeTraits> RestrictedTypes { get; }
    /// <summary>Activities that cost something.</summary>
    public ImmutableArray<ActivityType> Fees { get; }

    /// <summary>Millionths: no unit of anything, from whatever source, costs more.</summary>
    public long Dearest { get; }

    public static Traits Of(Terms terms, Terms atStart) => ReferenceEquals(terms, atStart)
        ? Usual.GetValue(terms, same => new Traits(same, same)) : new Traits(terms, atStart);

    /// <summary>A question has no verification, so that classes which ask for one are never those of a check.</summary>
    private static ImmutableArray<string> WorkflowsOf(OutcomeType type) => type.Prices.IsEmpty ? [] :
        [.. type.Prices.Where(one => one.Verification is null).Select(one => one.Workflow).OfType<string>().Distinct()
            .Order(StringComparer.Ordinal)];
}

/// <param name="Workflows">Those that have a price class of their own, in order (F7).</param>
internal sealed record TypeTraits(string Id, ImmutableArray<string> Workflows);
