using System.Text.Json.Serialization;
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
    string CreditsUsed, HeadWire Head)
{
    /// <summary>With <c>lines=outcomes</c>: of the next page of outcomes; absent on the last.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? NextCursor { get; init; }
}

/// <param name="OutcomeType">Null where the line is of none.</param>
/// <param name="UnitPrice">Null where there is no one price.</param>
/// <param name="Amount">Rounded half to even to the currency's minor unit.</param>
internal sealed record StatementLineWire(string Kind, string Description, string? OutcomeType, long Quantity,
    string? UnitPrice, string Amount)
{
    /// <summary>With <c>lines=outcomes</c>: this page's outcomes behind the line (F10), newest report first. On all
    /// pages their amounts add up to the line's, before it is rounded.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<LineOutcomeWire>? Outcomes { get; init; }
}

/// <summary>An outcome, or part of one, behind a line.</summary>
/// <param name="At">When it was achieved; of a correction, when it was taken back.</param>
/// <param name="UnitPrice">Null of a correction.</param>
/// <param name="Amount">Not rounded.</param>
/// <param name="Reason">Why it is billable, null while that is open; of a correction, why it was taken back.</param>
internal sealed record LineOutcomeWire(string OutcomeId, string At, long Units, string? UnitPrice, string Amount,
    string Credits, string? Reason);

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

    public static LineOutcomeWire Wire(this Behind behind, string currency) => new(
        behind.OutcomeId, behind.At.ToString(), behind.Units, Text.Money(behind.UnitPrice, currency),
        Text.Money(behind.Amount, currency), behind.Credits.ToString(), behind.Reason);

    /// <summary>Each line with a page's outcomes behind it.</summary>
    public static StatementWire With(this StatementWire statement, IReadOnlyList<Behind> page, string? next)
    {
        var behind = page.ToLookup(row => row.Line, row => row.Wire(statement.Currency));
        return statement with
        {
            Lines = [.. statement.Lines.Select((line, i) => line with { Outcomes = [.. behind[i]] })],
            NextCursor = next,
        };
    }

    public static string Status(PeriodStatus status) =>
        status == PeriodStatus.Closed ? "final" : Names<PeriodStatus>.Of(status);

    private static StatementLineWire Wire(StatementLine line, string currency) => new(
        Names<LineKind>.Of(line.Line.Kind), line.Description, line.Line.Kind is LineKind.Activities or LineKind.TopUp
            ? null
            : line.Line.What, line.Line.Quantity,
        Text.Money(line.Line.UnitPrice, currency), Text.Money(line.Amount, currency));
}
