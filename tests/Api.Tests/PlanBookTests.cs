using System.Text;
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
        var book = new PlanBook(clock, NullLogger<PlanBook>.Instance);
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
}
