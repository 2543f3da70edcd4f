using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>What many outcomes of a tenant have alike, and keep for good.</summary>
/// <param name="Method">Of the verification as reported; null: there was none.</param>
internal sealed record OutcomeKind(string Source, string Type, int Terms, DateOnly Period, Dimensions Dimensions,
    Result Result, ImmutableArray<string> CriteriaMet, string? Method, bool Passed, bool HandedOff, bool Sandbox,
    bool HasDetail)
{
    public static OutcomeKind Of(Outcome o) => new(o.Event.Source, o.Type, o.Terms, o.Period, o.Dimensions, o.Result,
        o.CriteriaMet, o.Verification?.Method, o.Verification?.Passed ?? false, o.HandedOff, o.Sandbox, o.HasDetail);

    /// <summary>What a cap's scope looks at.</summary>
    public Subject Subject => new(Type, IsActivity: false, Dimensions);

    /// <summary>Bytes of memory, about: 250 beside the texts.</summary>
    public long Bytes => 250 + TenantState.BytesOf(Source) + TenantState.BytesOf(Dimensions)
        + TenantState.BytesOf(Method) + CriteriaMet.Sum(one => 16 + TenantState.BytesOf(one));

    public bool IsOf(Outcome o) => Terms == o.Terms && Period == o.Period && Result == o.Result
        && HandedOff == o.HandedOff && Sandbox == o.Sandbox && HasDetail == o.HasDetail && Type == o.Type
        && Source == o.Event.Source && Dimensions == o.Dimensions && Method == o.Verification?.Method
        && Passed == (o.Verification?.Passed ?? false)
        && CriteriaMet.AsSpan().SequenceEqual(o.CriteriaMet.AsSpan());

    public bool Equals(OutcomeKind? other) => other is not null && Terms == other.Terms && Period == other.Period
        && Result == other.Result && HandedOff == other.HandedOff && Sandbox == other.Sandbox
        && HasDetail == other.HasDetail && Type == other.Type && Source == other.Source
        && Dimensions == other.Dimensions && Method == other.Method && Passed == other.Passed
        && CriteriaMet.AsSpan().SequenceEqual(other.CriteriaMet.AsSpan());

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Source);
        hash.Add(Type);
        hash.Add(Terms);
        hash.Add(Period);
        hash.Add(Dimensions);
        hash.Add(Method);
        foreach (var criterion in CriteriaMet) hash.Add(criterion);
        return hash.ToHashCode();
    }
}
