using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>C2: no entry adds exposure above a limit, whoever asks at the same time.</summary>
public sealed class RaceTests
{
    private const int Callers = 64;
    private const int Units = 100;
    private const int Rounds = 200;

    [Fact]
    public async Task C2_sixty_four_callers_race_for_the_last_hundred_units_and_exactly_a_hundred_are_admitted()
    {
        await using var engine = await TestEngine.Start();
        for (var round = 0; round < Rounds; round++)
        {
            var tenant = $"t{round}";
            await engine.Tenants.Execute(tenant, Make.Tenant(Make.Terms(cap: Units)));
            var admitted = await Task.WhenAll(Enumerable.Range(0, Callers)
                .Select(caller => Task.Run(() => Ask(engine.Tenants, tenant, caller))));

            Assert.True(admitted.Sum() == Units, $"round {round}: {admitted.Sum()} units");
            var cap = (await engine.Tenants.Usage(tenant, null))!.Caps.Single();
            Assert.Equal((Units, 0), (cap.Exposure, cap.Remaining));
            Assert.Equal(DecisionReason.CapReached, (await engine.Tenants.Check(tenant, Make.One))!.Reason);
        }
    }

    /// <summary>Half report, half reserve, each three units one by one; returns how many were admitted.</summary>
    private static async Task<int> Ask(LocalTenants tenants, string tenant, int caller)
    {
        var admitted = 0;
        for (var i = 0; i < 3; i++)
        {
            var answer = await tenants.Execute(tenant,
                caller % 2 == 0 ? Make.Report($"{caller}-{i}") : Make.Reserve(1));
            if (answer is Answer.Accepted { Outcome.Status: OutcomeStatus.Billable }
                or Answer.Reserved { Reservation: not null }) admitted++;
        }
        return admitted;
    }
}
