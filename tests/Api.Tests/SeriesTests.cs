namespace MeteringGateway.Api.Tests;

/// <summary>Usage by hour and day (Q3), as it stands now.</summary>
public class SeriesTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private readonly Gateway _gateway = started.Gateway;

    /// <summary>
    /// Two units are included; what each day costs is told after that, and adds up to the spend of usage.
    /// </summary>
    [Fact]
    public async Task Q3_F4_a_day_of_the_open_period_has_what_its_outcomes_come_to_after_what_is_included()
    {
        await _gateway.Tenant("series-spend", """
            {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"2","measurement_window":"PT0S","included_units":2}]}
            """, ""","time_zone":"America/New_York","test_clock":{"start":"2026-11-10T12:00:00Z"}""");
        Assert.Equal(("", "0.00"), await Told());
        await Report("a", 3); // two of them are included
        Assert.Equal(("2026-11-10 2.00", "2.00"), await Told());
        await Clock("PT24H");
        await Report("b", 2);
        Assert.Equal(("2026-11-10 2.00; 2026-11-11 4.00", "6.00"), await Told());
        await _gateway.Admin.PostAs(One, "/v1/events", """
            {"specversion":"1.0","id":"late","source":"/crm","type":"outcome.reported","subject":"series-spend","time":"2026-11-10T09:00:00Z","data":{"outcome_type":"support.resolution","quantity":2} }
            """).Is(HttpStatusCode.Created); // late, and first: it takes what is included
        Assert.Equal(("2026-11-10 6.00; 2026-11-11 4.00", "10.00"), await Told());
        var hours = await _gateway.Admin.Get("/v1/tenants/series-spend/usage/series?by=hour&from=2026-11-10T00:00:00Z"
            + "&to=2026-11-12T00:00:00Z").Is(HttpStatusCode.OK);
        Assert.All(hours["data"]!.AsArray(), hour => Assert.Null(hour!["spend"]));

        async Task<(string Days, string Spend)> Told()
        {
            var series = await _gateway.Admin.Get(
                "/v1/tenants/series-spend/usage/series?from=2026-11-01&to=2026-12-01&group=agent").Is(HttpStatusCode.OK);
            var usage = await _gateway.Admin.Get("/v1/tenants/series-spend/usage").Is(HttpStatusCode.OK);
            return (string.Join("; ", series["data"]!.AsArray().Select(day => $"{day!["at"]} {day["spend"]}")),
                (string)usage["spend"]!);
        }

        Task<JsonObject> Report(string id, int quantity) => _gateway.Admin.Post("/v1/tenants/series-spend/outcomes",
            $$"""{"outcome_type":"support.resolution","outcome_id":"{{id}}","quantity":{{quantity}}}""")
            .Is(HttpStatusCode.Created);

        Task<JsonObject> Clock(string by) =>
            _gateway.Admin.Post("/v1/tenants/series-spend/clock", $$"""{"advance":"{{by}}"}""").Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Q3_usage_is_told_by_hour_and_by_local_day_and_what_is_reversed_is_taken_out()
    {
        await _gateway.Tenant("series", """
            {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"2","measurement_window":"PT1H"},{"id":"lead","price":"0.50","measurement_window":"PT0S"}]}
            """, ""","time_zone":"America/New_York","test_clock":{"start":"2026-11-11T00:30:00Z"}""");
        await Send("o-1", "support.resolution", ""","quantity":3,"agent":"fin","channel":"chat" """);
        await Send("o-2", "support.resolution", ""","agent":"fin" """);
        await Send("o-3", "lead", "");
        await Clock("PT6H"); // the day there began at 05:00Z
        await Send("o-4", "lead", ""","agent":"max" """);

        Assert.Equal("""
            2026-11-10 lead 1 1 0.50; 2026-11-10 support.resolution 4 4 8.00; 2026-11-11 lead 1 1 0.50
            """.Trim(), await Told("from=2026-11-01&to=2026-12-01&by=day"));
        Assert.Equal("2026-11-11T00:00:00.000Z - 1 1 0.50; 2026-11-11T00:00:00.000Z fin 4 4 8.00; "
            + "2026-11-11T06:00:00.000Z max 1 1 0.50", await Told("from=2026-11-11T00:00:00Z&to=2026-11-12T00:00:00Z&by=hour&group=agent"));
        Assert.Equal("2026-11-01 2026-12-01 2025-10-01 America/New_York",
            await Frame("from=2026-11-01&to=2026-12-01"));
        Assert.Equal("2026-11-11T00:00:00.000Z 2026-11-12T00:00:00.000Z 2026-09-27T04:00:00.000Z UTC",
            await Frame("from=2026-11-11T00:00:00Z&to=2026-11-12T00:00:00Z&by=hour"));
        // Late, of what was within the window: it is taken out of the hour that it was in.
        await _gateway.Admin.PostAs(One, "/v1/events", """
            {"specversion":"1.0","id":"f-2","source":"/crm","type":"outcome.reopened","subject":"series","time":"2026-11-11T00:45:00Z","data":{"outcome_id":"o-1"} }
            """).Is(HttpStatusCode.Created);
        Assert.Equal("2026-11-10 - 2 2 2.50; 2026-11-10 chat 3 0 0.00; 2026-11-11 - 1 1 0.50",
            await Told("from=2026-11-01&to=2026-12-01&group=channel"));
        Assert.Equal("2026-11-11 - 1 1 0.50", await Told("from=2026-11-11&to=2026-12-01&group=workflow"));

        async Task<string> Frame(string query)
        {
            var told = await _gateway.Admin.Get($"/v1/tenants/series/usage/series?{query}").Is(HttpStatusCode.OK);
            return $"{told["from"]} {told["to"]} {told["kept_from"]} {told["time_zone"]}";
        }

        async Task<string> Told(string query)
        {
            var series = await _gateway.Admin.Get($"/v1/tenants/series/usage/series?{query}").Is(HttpStatusCode.OK);
            return string.Join("; ", series["data"]!.AsArray().SelectMany(point => point!["values"]!.AsArray()
                .Select(one => $"{point["at"]} {(string?)one!["id"] ?? "-"} {one["reported"]} {one["settled"]} {one["list_amount"]}")
                .Order(StringComparer.Ordinal)));
        }

        Task<JsonObject> Send(string id, string type, string more) => _gateway.Admin.PostAs(One, "/v1/events",
            Report.Event("outcome.reported", id, "series", $"\"outcome_type\":\"{type}\"{more}"))
                .Is(HttpStatusCode.Created);

        Task<JsonObject> Clock(string by) =>
            _gateway.Admin.Post("/v1/tenants/series/clock", $$"""{"advance":"{{by}}"}""").Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Q3_a_range_that_cannot_be_is_refused_with_what_it_must_be()
    {
        await _gateway.Tenant("ranges");
        foreach (var (query, why) in new[]
        {
            ("", "'from' is required"),
            ("from=2026-11-01", "'to' is required"),
            ("from=2026-11-01&to=2026-11-01", "'to' must be after 'from'"),
            ("from=2026-11-01&to=2027-12-07", "'to' must be at most 400 days after 'from' by day"),
            ("from=2026-11-01T00:00:00Z&to=2026-12-03T00:00:00Z&by=hour", "at most 31 days after 'from' by hour"),
            ("from=2026-11-01T00:30:00Z&to=2026-12-03T00:00:00Z&by=hour", "'from' must be the start of an hour"),
            ("from=2026-11-01T00:00:00Z&to=2026-12-01", "'from' must be a date"),
            ("from=2026-11-01&to=2026-12-01&by=week", "'by'"),
            ("from=2026-11-01&to=2026-12-01&group=customer", "'group'"),
        })
        {
            var problem = await _gateway.Admin.Get($"/v1/tenants/ranges/usage/series?{query}")
                .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
            Assert.Contains(why, (string?)problem["detail"], StringComparison.Ordinal);
        }
    }
}
