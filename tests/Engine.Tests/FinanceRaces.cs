using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>Money under many callers at once: nothing is bought, told or admitted twice.</summary>
public sealed class FinanceRaces
{
    private const int Callers = 64;
    private const int Rounds = 25;
    private static readonly Amount Price = Amount.Parse("0.99");

    [Fact]
    public async Task F6_thirty_two_callers_top_up_with_one_key_and_it_is_bought_once()
    {
        await using var engine = await TestEngine.Start();
        for (var round = 0; round < Rounds; round++)
        {
            var tenant = $"t{round}";
            await engine.Tenants.Execute(tenant,
                Make.Tenant(
                    Terms()
                        with { OutcomeTypes = [new OutcomeType { Id = Make.Type, Credits = Amount.Parse("50") }] }));
            var answers = await All(32, _ => engine.Tenants.Execute(tenant, TopUp("order-1")));

            var granted = answers.Select(answer => Assert.IsType<Answer.Granted>(answer)).ToList();
            Assert.Single(granted, one => one.Bought);
            Assert.Single(granted.Select(one => one.Grant.Id).Distinct());
            Assert.Equal(Amount.Parse("100"), Assert.Single((await engine.Tenants.Grants(tenant))!).Remaining);
            Assert.Equal(2, (await engine.Tenants.Check(tenant, Make.One))!.Remaining); // S2: it works at once
        }
    }

    [Fact]
    public async Task F6_what_was_bought_with_a_key_before_a_crash_is_not_bought_again_after_it()
    {
        var engine = await TestEngine.Start();
        await engine.Tenants.Execute("acme", Make.Tenant(Terms()));
        engine.Store.Fault = _ => Fault.WrittenButFailed; // it is on disk, and nobody was told
        await Assert.ThrowsAsync<StoreFailedException>(async () =>
            await engine.Tenants.Execute("acme", TopUp("order-1")));

        await using var next = await engine.Crash();
        next.Time.Jump(TimeSpan.FromDays(100));
        var answers = await All(32, _ => next.Tenants.Execute("acme", TopUp("order-1")));
        Assert.All(answers, answer => Assert.False(Assert.IsType<Answer.Granted>(answer).Bought));
        Assert.Single((await next.Tenants.Grants("acme"))!);
    }

    [Theory]
    [InlineData(Measure.Cap)]
    [InlineData(Measure.Spend)]
    public async Task S4_sixty_four_callers_cross_a_threshold_at_once_and_it_alerts_once(Measure of)
    {
        await using var engine = await TestEngine.Start();
        var threshold = of == Measure.Cap ? new Threshold("t", of, "monthly", 50, null)
            : new Threshold("t", of, null, null, Limit.Of(Price * 32));
        for (var round = 0; round < Rounds; round++)
        {
            var tenant = $"t{round}";
            await engine.Tenants.Execute(tenant,
                Make.Tenant(Terms(Limit.Of(Price * Callers)) with { Thresholds = [threshold] }));
            await All(Callers, caller => engine.Tenants.Execute(tenant, Make.Report($"r{caller}")));

            var crossed = await Crossed(engine, tenant);
            Assert.Equal((Price * 32).Micros, Assert.Single(crossed).Level.Value);
            Assert.True(Assert.Single((await engine.Tenants.Thresholds(tenant))!).Crossed);
        }
        var told = (await engine.Store.Outbox(0, 100_000, default)).Where(row => row.Alert.Type == "threshold.crossed")
            .GroupBy(row => row.Tenant).ToList();
        Assert.Equal(Rounds, told.Count);
        Assert.All(told, tenant => Assert.Single(tenant)); // S5
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task C6_a_cap_that_is_raised_while_sixty_four_callers_are_refused_holds_for_the_very_next_decision(
        bool money)
    {
        await using var engine = await TestEngine.Start();
        for (var round = 0; round < Rounds; round++)
        {
            var tenant = $"t{round}";
            await engine.Tenants.Execute(tenant, Make.Tenant(Terms(Of(20, money))));
            using var stop = new CancellationTokenSource();
            var refused = 0;
            var callers = All(Callers, Ask);
            await TestEngine.Until(() => Volatile.Read(ref refused) > Callers);

            // In one turn: nobody can come between the raise and what follows it.
            var answers = await engine.Tenants.Execute(tenant,
                [new Command.SetCap(Cap(Of(30, money)), null), Make.Report("mine")]);
            Assert.Equal(OutcomeStatus.Billable, Assert.IsType<Answer.Accepted>(answers[1]).Outcome!.Status);
            await TestEngine.Until(() => Remaining(engine, tenant) == 0);
            await stop.CancelAsync();

            Assert.Equal(30, (await callers).Sum() + 1);
            await AssertNeverAbove(engine, tenant);
            Assert.Equal(DecisionReason.CapReached, (await engine.Tenants.Check(tenant, Make.One))!.Reason);

            async ValueTask<int> Ask(int caller)
            {
                var admitted = 0;
                for (var i = 0; !stop.IsCancellationRequested; i++)
                {
                    if (await engine.Tenants.Execute(tenant,
                        Make.Report(
                            $"{caller}-{i}")) is Answer.Accepted { Outcome.Status: OutcomeStatus.Billable }) admitted++;
                    else Interlocked.Increment(ref refused);
                }
                return admitted;
            }
        }
    }

    private static long Remaining(TestEngine engine, string tenant) =>
        engine.Tenants.Usage(tenant, null).AsTask().Result!.Caps.Single().Remaining.Value;

    /// <summary>C2, entry by entry, as the journal tells it.</summary>
    private static async Task AssertNeverAbove(TestEngine engine, string tenant)
    {
        var (limit, exposure) = (20L, 0L);
        foreach (var entry in await Entries(engine, tenant))
        {
            if (entry is Entry.CapSet set)
                limit = set.Cap.Limit.IsMoney ? set.Cap.Limit.Value / Price.Micros : set.Cap.Limit.Value;
            if (entry is Entry.OutcomeReported { Admitted: true })
                Assert.True(++exposure <= limit, $"{exposure} of {limit}");
        }
        Assert.Equal(30, exposure);
    }

    private static async Task<List<Entry.ThresholdCrossed>> Crossed(TestEngine engine, string tenant) =>
        [.. (await Entries(engine, tenant)).OfType<Entry.ThresholdCrossed>()];

    private static async Task<List<Entry>> Entries(TestEngine engine, string tenant)
    {
        var all = new List<Entry>();
        for (long? after = 0; after is { } from;)
        {
            var page = (await engine.Tenants.Entries(tenant, from, 1000))!;
            all.AddRange(page.Items.Select(item => item.Entry));
            after = page.Next;
        }
        return all;
    }

    private static Task<T[]> All<T>(int callers, Func<int, ValueTask<T>> ask) =>
        Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(() => ask(caller).AsTask())));

    private static Limit Of(long units, bool money) => money ? Limit.Of(Price * units) : units;

    private static Cap Cap(Limit limit) => new() { Id = "monthly", Limit = limit };

    private static Terms Terms(Limit? cap = null) => new()
    {
        Currency = "USD",
        OutcomeTypes = [new OutcomeType { Id = Make.Type, Price = Price, MeasurementWindow = TimeSpan.Zero }],
        Caps = cap is { } limit ? [Cap(limit)] : [],
    };

    private static Command.IssueGrant TopUp(string key) => new(GrantKind.TopUp, Amount.Parse("100"), null, null, null,
        null, key);
}
