using System.Text;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Plans;
using MeteringGateway.Api.Problems;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Api.Tests;

public class PlanBookTests
{
    [Fact]
    public void A_tenants_own_terms_are_written_so_often_a_day_N4()
    {
        var clock = new FakeClock();
        var book = new PlanBook(clock, new MeteringSettings(), NullLogger<PlanBook>.Instance);
        for (var version = 1; version <= 1_000; version++)
            book.Take(new Document(PlanBook.TermsKind, "often", version, Instant.From(clock.GetUtcNow()), "key",
                Encoding.UTF8.GetBytes($$"""{"platform_fee":"{{version}}"}""")));

        Assert.Null(book.NextTerms("often", new PlanWire { PlatformFee = "1000" }, "key"));
        var once = new PlanWire { PlatformFee = "1000.0" };
        var refused = Assert.Throws<ProblemException>(() => book.NextTerms("often", once, "key"));
        Assert.Equal((409, "too_many_changes"), (refused.Problem.Status, refused.Problem.Code));
        Assert.Equal(1, book.NextTerms("other", once, "key")!.Version);
        clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(1_001, book.NextTerms("often", once, "key")!.Version);
    }

    [FactInOneProcess]
    public async Task All_versions_of_all_plans_have_so_many_bytes_N4()
    {
        static string Plan(string name) => $$"""
            {"currency":"USD","outcome_types":[{"id":"res","price":"1.00",
              "description":"{{name}} {{new string('x', 900)}}"}]}
            """;
        var limits = new Dictionary<string, string?> { ["Metering:Limits:PlanBytes"] = "3500" };
        var directory = Directory.CreateTempSubdirectory("metering").FullName;
        await using (var first = await Gateway.Start(limits, dataDirectory: directory))
        {
            for (var i = 0; i < 3; i++)
                await first.Admin.Put($"/v1/plans/plan-{i % 2}", Plan($"{i}")).Is(HttpStatusCode.Created);
            await Refused(first);
        }
        await using var again = await Gateway.Start(limits, dataDirectory: directory);
        await Refused(again);
        await again.Admin.Put("/v1/plans/plan-0", Plan("2")).Is(HttpStatusCode.OK); // what there is already
        await again.Admin.Get("/v1/plans/plan-0?version=1").Is(HttpStatusCode.OK);

        static async Task Refused(Gateway gateway)
        {
            await gateway.Admin.Put("/v1/plans/plan-0", Plan("other"))
                .IsProblem(HttpStatusCode.Conflict, "too_many_changes");
            await gateway.Admin.Put("/v1/plans/plan-9", Plan("other"))
                .IsProblem(HttpStatusCode.Conflict, "too_many_changes");
        }
    }
}
