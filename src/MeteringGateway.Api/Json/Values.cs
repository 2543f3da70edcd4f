namespace MeteringGateway.Api.Json;

/// <summary>
/// A request must have the member. Its form lets it be absent, so that everything that is missing is told at once, by
/// the reader; this says the same to the API document.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DemandedAttribute : Attribute;

/// <summary>The values that a text member may have, for the API document.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal class ValuesAttribute(params string[] names) : Attribute
{
    public IReadOnlyList<string> Names { get; } = names;
}

/// <summary>Those of an enum, as they are on the wire.</summary>
/// <param name="but">Values that are never written.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ValuesAttribute<T>(params string[] but)
    : ValuesAttribute([.. Names<T>.But([]).Except(but)]) where T : struct, Enum;
