using MeteringGateway.Core.Tests.Histories;

namespace MeteringGateway.Core.Tests.DeskLogs;

/// <summary>A real log, where it is there: in order, sent twice, and shuffled within each day (I1, O6, T5).</summary>
public sealed class DeskLogTests
{
    private static readonly Lazy<Dictionary<string, List<Command.Event>>> Log = new(() =>
        DeskLog.Read(File.ReadLines(DeskLog.Find()!)).GroupBy(line => line.Tenant)
            .ToDictionary(tenant => tenant.Key, tenant => tenant.Select(line => line.Event).ToList()));

    [LogFact]
    public void Every_tenant_of_the_log_is_charged_as_the_oracle_says() =>
        Assert.All(Log.Value, tenant => Assert.Equal(DeskLog.Expected(tenant.Value), DeskLog.Counted(tenant.Value)));

    [LogFact]
    public void The_log_sent_twice_gives_the_same_figures_I1() =>
        Assert.All(Log.Value, tenant =>
            Assert.Equal(DeskLog.Counted(tenant.Value),
            DeskLog.Counted([.. tenant.Value.SelectMany(happened => new[] { happened, happened })])));

    [LogFact]
    public void The_log_shuffled_within_each_day_gives_the_same_figures_O6()
    {
        var dice = new Dice(2016);
        Assert.All(Log.Value, tenant =>
        {
            var shuffled = tenant.Value.GroupBy(happened => happened.Time!.Value.ToDateTimeOffset().Date)
                .OrderBy(day => day.Key)
                .SelectMany(dice.Shuffled);
            Assert.Equal(DeskLog.Counted(tenant.Value), DeskLog.Counted([.. shuffled]));
        });
    }
}

/// <summary>Skipped by name where the log is not beside the checkout.</summary>
internal sealed class LogFactAttribute : FactAttribute
{
    public LogFactAttribute()
    {
        if (DeskLog.Find() is null)
            Skip = "The service desk's log (../shared/data/incidents-2016.ndjson) is not beside this checkout.";
    }
}
