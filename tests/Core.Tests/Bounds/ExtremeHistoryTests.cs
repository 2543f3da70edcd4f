using MeteringGateway.Core.Tests.Histories;
using Xunit.Abstractions;

namespace MeteringGateway.Core.Tests.Bounds;

/// <summary>
/// N1 over random histories with extreme prices and quantities. METERING_EXTREMES sets how many, METERING_SEED the
/// first.
/// </summary>
public sealed class ExtremeHistoryTests(ITestOutputHelper output)
{
    private static readonly Instant Start = Instant.Parse("2026-01-10T12:00:00Z");
    private int _accepted, _refused, _created;

    [Fact]
    public void N1_whatever_was_accepted_every_figure_check_snapshot_and_closing_succeeds()
    {
        var first = Setting("METERING_SEED", 1);
        for (var seed = first; seed < first + Setting("METERING_EXTREMES", 150); seed++) Play(seed);

        output.WriteLine($"{_created} tenants, {_accepted} accepted, {_refused} refused for their amount");
        Assert.True(_created > 20 && _accepted > 20 * _created && _refused > _created);
    }

    private void Play(int seed)
    {
        var dice = new Dice(seed);
        var terms = ExtremeTerms.Of(dice);
        var (tenant, commands, upper) = (new RealTenant(), new ExtremeCommands(dice, terms), new Upper());
        var (now, step) = (Start, 0);
        try
        {
            var create = new Command.Create("Acme", new PlanRef("p", 1), terms, "UTC", 1, null);
            if (Refused(tenant, create, now, null, upper)) return;
            _created++;
            for (; step < 60; step++)
            {
                now += commands.Pause();
                var (command, label) = commands.Next(now);
                if (!Refused(tenant, command, now, label, upper)) Look(tenant.State, now, closing: step % 5 == 0);
            }
            Look(tenant.State, now, closing: true);
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"seed {seed}, step {step}: {failure.Message}", failure);
        }
    }

    private bool Refused(RealTenant tenant, Command command, Instant now, string? label, Upper upper)
    {
        var answer = tenant.Run(command, now, label);
        upper.Add(command);
        if (answer is not Answer.Refused { Code: Refusal.AmountOverflow } refused)
        {
            if (answer is not Answer.Refused) _accepted++;
            return answer is Answer.Refused;
        }
        _refused++;
        Assert.True(upper.MayPass(tenant.State.Exists ? tenant.State.Statements().Count : 1),
            $"{command} was refused: {refused.Detail}");
        return true;
    }

    private static void Look(TenantState state, Instant now, bool closing)
    {
        Read(state, now);
        var restored = TenantState.Restore(state.Snapshot());
        Assert.Equal(state.Digest(), restored.Digest());
        Read(restored, now);
        if (!closing) return;
        foreach (var days in (int[])[40, 80, 400])
        {
            var later = now + TimeSpan.FromDays(days);
            Turn.Run(restored, new Command.Tick(), later, TestCalendar.Of, []);
            Read(restored, later);
        }
    }

    private static void Read(TenantState state, Instant now)
    {
        foreach (var statement in state.Statements())
        {
            Assert.True(statement.UnroundedTotal.Micros <= TenantState.Most);
            Assert.NotNull(state.Usage(statement.Period.Id, now));
        }
        _ = state.GrantFigures();
        _ = state.Thresholds(now);
        _ = state.Figure(now);
        var allowance = state.Allowance();
        foreach (var type in ExtremeTerms.Types)
            foreach (var quantity in (long[])[1, 100_000])
                Assert.NotNull(allowance.Check(ExtremeCommands.Ask(type, quantity), now));
        Assert.NotNull(allowance.Check(new Question(new Subject("ticket", IsActivity: true, Dimensions.None), 1), now));
        Assert.Null(state.VerifyRating());
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;
}
