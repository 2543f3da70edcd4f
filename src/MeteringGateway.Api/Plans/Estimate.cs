using System.Globalization;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Plans;

/// <summary>The price page's calculator: so many of each type, rated as a period is.</summary>
internal static class Estimate
{
    /// <param name="types">Each as often as <paramref name="units"/>, in the same order.</param>
    /// <param name="units">Empty where none is meant.</param>
    /// <returns>Null: nothing was asked.</returns>
    /// <exception cref="ProblemException">422: it is no question.</exception>
    public static EstimateWire? Of(Terms terms, string[] types, string[] units)
    {
        if (types.Length == 0 && units.Length == 0) return null;
        if (types.Length != units.Length) throw Query.Wrong("units", "must be there as often as outcome_type");
        var wanted = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var i = 0; i < types.Length; i++)
        {
            if (terms.Type(types[i]) is null)
                throw Query.Wrong("outcome_type", $"is none: {terms.NoSuchType(types[i])}");
            if (!wanted.TryAdd(types[i], Units(units[i])))
                throw Query.Wrong("outcome_type", $"names '{types[i]}' twice");
        }
        try
        {
            return Wire(Quote.Of(terms, wanted), terms.Currency);
        }
        catch (OverflowException)
        {
            throw new ProblemException(Problem.AmountOverflow("So many units come"));
        }
    }

    private static long Units(string? text) => string.IsNullOrEmpty(text) ? 0
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var many)
            && many <= Quote.MostUnits ? many
        : throw Query.Wrong("units", $"must be a whole number from 0 to {Text.Of(Quote.MostUnits)}");

    private static EstimateWire Wire(Quote quote, string currency) => new(
        [.. quote.Types.Where(type => type.Units > 0).Select(type => new EstimatedTypeWire(type.Id, type.Units,
            Text.Money(type.Amount, currency), type.Credits.ToString(), type.Refused,
            [.. type.Charges.Select(charge => new EstimatedPartWire(Names<Funding>.Of(charge.Source), charge.Units,
                Text.Money(charge.UnitPrice, currency), Text.Money(charge.Amount, currency),
                charge.Credits.ToString()))]))],
        Text.Money(quote.PlatformFee, currency), Text.Money(quote.Shortfall, currency),
        Text.Money(quote.Total, currency));
}
