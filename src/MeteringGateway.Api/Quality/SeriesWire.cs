using System.ComponentModel.DataAnnotations;
using MeteringGateway.Api.Json;
using Microsoft.AspNetCore.Mvc;

namespace MeteringGateway.Api.Quality;

/// <summary>Usage by hour (UTC) or by the tenant's local day; hours and days without any are left out.</summary>
/// <param name="From">The start of the first hour, or the first local date.</param>
/// <param name="To">Before which it ends, of the same form.</param>
/// <param name="TimeZone">By day the one that the open period runs under, by hour <c>UTC</c>.</param>
/// <param name="KeptFrom">Of before there is nothing.</param>
internal sealed record SeriesWire(string Tenant, string By, string Group, string From, string To, string KeptFrom,
    string Currency, long Sequence, IReadOnlyList<SeriesPointWire> Data, string TimeZone);

/// <param name="At">Start of the hour, or the local date.</param>
/// <param name="Spend">What all outcomes of the day come to, after included units, tiers, commitments and credits;
/// null: by hour, or of a day before the open period.</param>
internal sealed record SeriesPointWire(string At, IReadOnlyList<SeriesValueWire> Values, string? Spend);

/// <summary>As it stands now: what was reversed since is taken out.</summary>
/// <param name="Id">Null: it was not told.</param>
/// <param name="Other">True: all that have no line of their own.</param>
/// <param name="Reported">Units.</param>
/// <param name="Settled">Units.</param>
/// <param name="ListAmount">What the settled units come to at the list price, before included units, tiers and
/// commitments; null: more than an amount can be.</param>
internal sealed record SeriesValueWire(string? Id, bool Other, long Reported, long Settled, string? ListAmount);

/// <summary>The query of a series, as it is asked.</summary>
internal sealed class SeriesQuery
{
    private static readonly TimeSpan MostHours = TimeSpan.FromDays(31);
    private static readonly TimeSpan MostDays = TimeSpan.FromDays(400);

    /// <summary>A date, or by hour the start of an hour.</summary>
    [FromQuery(Name = "from"), Required]
    public string? From { get; init; }
    /// <summary>Of the same form; not included.</summary>
    [FromQuery(Name = "to"), Required]
    public string? To { get; init; }
    [FromQuery(Name = "by")]
    public string? By { get; init; }
    [FromQuery(Name = "group")]
    public string? Group { get; init; }

    /// <exception cref="Problems.ProblemException">422: it is no question.</exception>
    public SeriesQuestion Read()
    {
        var byHour = By switch
        {
            "hour" => true,
            "day" or null => false,
            _ => throw Query.Wrong("by", Findings.OneOf(By, ["hour", "day"])),
        };
        var group = Query.OneOf<SeriesGroup>("group", Group) ?? SeriesGroup.OutcomeType;
        var (from, to) = (At("from", From, byHour), At("to", To, byHour));
        if (to <= from) throw Query.Wrong("to", "must be after 'from'");
        var most = byHour ? MostHours : MostDays;
        if (to - from > most)
            throw Query.Wrong("to", $"must be at most {most.Days} days after 'from' by {(byHour ? "hour" : "day")}");
        return new SeriesQuestion(byHour, from, to, group);
    }

    private static Instant At(string name, string? value, bool byHour)
    {
        if (value is null) throw Query.Wrong(name, "is required");
        if (!byHour)
            return Query.Date(name, value) is { } day
                ? Instant.From(new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero)) : default;
        return Instant.TryParse(value, out var time) && time.UnixMilliseconds % 3_600_000 == 0 ? time
            : throw Query.Wrong(name, "must be the start of an hour such as 2026-11-21T09:00:00Z");
    }
}

internal static class SeriesWires
{
    public static SeriesWire Wire(this UsageSeries of, string tenant, SeriesQuestion asked) => new(
        tenant, asked.ByHour ? "hour" : "day", Names<SeriesGroup>.Of(asked.Group), At(asked.From, asked.ByHour),
        At(asked.To, asked.ByHour),
        of.HoursKeptFrom is { } hour ? hour.ToString() : Text.Date(of.DaysKeptFrom!.Value), of.Currency, of.Sequence,
        [.. of.Points.Select(point => new SeriesPointWire(
            point.Hour is { } start ? start.ToString() : Text.Date(point.Day!.Value),
            [.. point.Values.Select(one => new SeriesValueWire(one.Id, one.Others, one.Reported, one.Settled,
                Text.Money(one.Listed, of.Currency)))], Text.Money(point.Spend, of.Currency)))], of.Zone);

    private static string At(Instant time, bool byHour) => byHour ? time.ToString()
        : Text.Date(DateOnly.FromDateTime(time.ToDateTimeOffset().UtcDateTime));
}
