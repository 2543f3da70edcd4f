using System.Globalization;
using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>
/// T2 to the millisecond: where months end for a tenant with the anchor 31, and who may still act then.
/// </summary>
public sealed class MonthEndTests
{
    private const int Units = 5;
    private const int Callers = 64;

    // Midnight of the last day of each month of 2026; New York is an hour closer to UTC from 8 March to 1 November.
    [Theory]
    [InlineData("America/New_York",
        "01-31T05:00 02-28T05:00 03-31T04:00 04-30T04:00 05-31T04:00 06-30T04:00 07-31T04:00 08-31T04:00 09-30T04:00 10-31T04:00 11-30T05:00 12-31T05:00")]
    [InlineData("Asia/Kolkata",
        "01-30T18:30 02-27T18:30 03-30T18:30 04-29T18:30 05-30T18:30 06-29T18:30 07-30T18:30 08-30T18:30 09-29T18:30 10-30T18:30 11-29T18:30 12-30T18:30")]
    public async Task T2_a_month_ends_at_local_midnight_and_a_race_there_fills_both_months_and_neither_beyond(
        string zone, string ends)
    {
        await using var engine = await TestEngine.Start(time: FakeTime.At("2026-01-15T00:00:00Z"));
        await engine.Tenants.Execute("acme",
            Tenant(zone, new Cap { Id = "monthly", Limit = Limit.Of(Amount.Parse("1") * Units) }));
        var boundaries = ends.Split(' ').Select(end => Instant.Parse($"2026-{end}:00Z")).ToList();
        for (var i = 0; i < boundaries.Count; i++)
        {
            var end = boundaries[i];
            var before = (await engine.Tenants.Usage("acme", null))!.Period;
            Assert.Equal((end, new DateOnly(2026, i + 1, DateTime.DaysInMonth(2026, i + 1))),
                (before.End, before.Id.AddDays(before.Days.Length)));

            engine.Time.Jump(end - engine.Now - TimeSpan.FromMilliseconds(1));
            var last = (await engine.Tenants.Check("acme", Make.One))!;
            Assert.Equal((i == 0 ? DecisionKind.Allow : DecisionKind.Pause, before.Id, end),
                (last.Kind, last.Period, last.Limit!.ResetsAt));
            engine.Time.Jump(TimeSpan.FromMilliseconds(1));
            var next = (await engine.Tenants.Check("acme", Make.One))!;
            Assert.Equal((DecisionKind.Allow, before.Id.AddDays(before.Days.Length)), (next.Kind, next.Period));

            // Half of them speak of the last millisecond of the month that has ended, half of the first of the new one.
            await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
                await engine.Tenants.Execute("acme",
                    Make.Report($"{i}-{caller}", caller % 2 == 0 ? end - TimeSpan.FromMilliseconds(1) : end)))));
            // The month that ended had been full since its own first moment, but for the tenant's first.
            Assert.Equal((Units, Callers / 2 * (i == 0 ? 1 : 2) - Units), await Admitted(engine, before.Id));
            Assert.Equal((Units, Callers / 2 - Units), await Admitted(engine, next.Period));
            engine.Time.Jump(TimeSpan.FromHours(72));
            Assert.Equal(PeriodStatus.Closed, (await engine.Tenants.Statement("acme", before.Id))!.Statement.Status);
        }
        Assert.All((await engine.Tenants.Statements("acme", null, 100))!.Items.Skip(1),
            row => Assert.Equal(Amount.Parse("1") * Units, row.Statement.Total));
    }

    [Theory]
    [InlineData("America/New_York", "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z")] // 23 hours
    [InlineData("America/New_York", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z")] // 25 hours
    [InlineData("Asia/Kolkata", "2026-03-08T12:00:00Z", "2026-03-07T18:30:00Z", "2026-03-08T18:30:00Z")]
    [InlineData("Asia/Kolkata", "2026-11-01T12:00:00Z", "2026-10-31T18:30:00Z", "2026-11-01T18:30:00Z")]
    public async Task T2_a_day_on_which_the_clock_changes_is_as_long_as_it_is(string zone, string now, string began,
        string ends)
    {
        await using var engine = await TestEngine.Start(time: FakeTime.At(began));
        await engine.Tenants.Execute("acme",
            Tenant(zone, new Cap { Id = "daily", Limit = Units, Period = CapPeriod.Day }));
        engine.Time.Jump(DateTimeOffset.Parse(now, CultureInfo.InvariantCulture) - engine.Time.GetUtcNow());
        await Task.WhenAll(Enumerable.Range(0, Callers)
            .Select(caller => Task.Run(async () => await engine.Tenants.Execute("acme", Make.Report($"a{caller}")))));
        var check = (await engine.Tenants.Check("acme", Make.One))!;
        Assert.Equal((DecisionReason.CapReached, Instant.Parse(ends)), (check.Reason, check.RetryAt));

        engine.Time.Jump(Instant.Parse(ends) - engine.Now - TimeSpan.FromMilliseconds(1));
        Assert.Equal(DecisionKind.Pause, (await engine.Tenants.Check("acme", Make.One))!.Kind);
        engine.Time.Jump(TimeSpan.FromMilliseconds(1));
        Assert.Equal((DecisionKind.Allow, (long?)Units),
            (await engine.Tenants.Check("acme", Make.One)) is { } next ? (next.Kind, next.Remaining) : default);
        Assert.Equal(Instant.Parse(began), await FirstOfDay(engine, Instant.Parse(ends)));
    }

    private static async Task<Instant> FirstOfDay(TestEngine engine, Instant end)
    {
        var period = (await engine.Tenants.Usage("acme", null))!.Period;
        return Enumerable.Range(0, period.Days.Length).Where(day => period.DayEnd(day) == end)
            .Select(day => day == 0 ? period.Start : period.DayEnd(day - 1)).Single();
    }

    private static async Task<(long Admitted, long Refused)> Admitted(TestEngine engine, DateOnly period)
    {
        var type = (await engine.Tenants.Usage("acme", period))!.OutcomeTypes.Single();
        return (type.Settled, type.NonBillable.GetValueOrDefault(Reason.OverCap));
    }

    private static Command.Create Tenant(string zone, Cap cap) => Make.Tenant(new Terms
    {
        Currency = "USD",
        OutcomeTypes = [new OutcomeType { Id = Make.Type, Price = Amount.Parse("1"),
            MeasurementWindow = TimeSpan.Zero }],
        Caps = [cap],
    }, zone: zone) with { AnchorDay = 31 };
}
