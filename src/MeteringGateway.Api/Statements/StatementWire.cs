using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Statements;

/// <summary>What the tenant owes for a period, or would owe now (F8, N3).</summary>
/// <param name="TimeZone">IANA id of the zone that the period runs under (T2).</param>
/// <param name="FinalAt">Null until it is final.</param>
/// <param name="Status"><c>open</c>, <c>settling</c> or <c>final</c>.</param>
/// <param name="Total">Sum of the rounded lines.</param>
/// <param name="Head">The journal as of this statement: the entry that made it final, else the newest (D2).</param>
internal sealed record StatementWire(
    string Tenant, string Period, string StartsAt, string EndsAt, string TimeZone, string Status, string? FinalAt,
    string Currency, IReadOnlyList<StatementLineWire> Lines, string Total,
    string UnroundedTotal,
    string CreditsUsed, HeadWire Head);

/// <param name="OutcomeType">Null where the line is of none.</param>
/// <param name="UnitPrice">Null where there is no one price.</param>
/// <param name="Amount">Rounded half to even to the currency's minor unit.</param>
internal sealed record StatementLineWire(string Kind, string Description, string? OutcomeType, long Quantity,
    string? UnitPrice, string Amount);

internal sealed record HeadWire(long Sequence, string Hash);

internal static class StatementFigures
{
    public static StatementWire Wire(this StatementRow row, string tenant)
    {
        var statement = row.Statement;
        return new(
            tenant, Text.Date(statement.Period.Id), statement.Period.Start.ToString(), statement.Period.End.ToString(),
            statement.Zone, Status(statement.Status), statement.FinalAt?.ToString(), statement.Currency,
            [.. statement.Lines.Select(line => Wire(line, statement.Currency))],
            Text.Money(statement.Total, statement.Currency),
            Text.Money(statement.UnroundedTotal, statement.Currency), statement.CreditsUsed.ToString(),
            new HeadWire(row.Sequence, Convert.ToHexStringLower(row.Hash)));
    }

    public static string Status(PeriodStatus status) =>
        status == PeriodStatus.Closed ? "final" : Names<PeriodStatus>.Of(status);

    private static StatementLineWire Wire(StatementLine line, string currency) => new(
        Names<LineKind>.Of(line.Line.Kind), line.Description, line.Line.Kind is LineKind.Activities or LineKind.TopUp
            ? null
            : line.Line.What, line.Line.Quantity,
        Text.Money(line.Line.UnitPrice, currency), Text.Money(line.Amount, currency));
}
