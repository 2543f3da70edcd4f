using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>What is owed, bought and watched.</summary>
public abstract partial class TenantsBehaviour
{
    [Fact]
    public async Task Of_a_tenant_that_was_never_made_nothing_is_owed_bought_or_watched()
    {
        Assert.Null(await Tenants.Statement("nobody", null));
        Assert.Null(await Tenants.Statements("nobody", null, 10));
        Assert.Null(await Tenants.Grants("nobody"));
        Assert.Null(await Tenants.Thresholds("nobody"));
        Assert.Empty(await Tenants.Attention(null, null, 10));
    }

    [Fact]
    public async Task D2_a_statement_carries_the_journals_head_and_a_final_one_that_of_the_entry_that_closed_it()
    {
        await Create();
        await Tenants.Execute(Acme, Make.Report("a", quantity: 12));
        var open = (await Tenants.Statement(Acme, null))!;
        var newest = (await Tenants.Entries(Acme, 0, 1000))!.Items[^1];
        Assert.Equal((PeriodStatus.Open, Amount.Parse("1.98"), newest.Sequence),
            (open.Statement.Status, open.Statement.Total, open.Sequence));
        Assert.Equal(newest.Hash, open.Hash);

        await Tenants.Execute(Acme, new Command.AdvanceClock(Start + TimeSpan.FromDays(60)));
        var final = (await Tenants.Statement(Acme, DateOnly.Parse("2026-11-01")))!;
        var closed = (await Tenants.Entries(Acme, final.Sequence - 1, 1))!.Items.Single();
        Assert.Equal(DateOnly.Parse("2026-11-01"), Assert.IsType<Entry.PeriodClosed>(closed.Entry).Period);
        Assert.Equal((PeriodStatus.Closed, Amount.Parse("1.98")), (final.Statement.Status, final.Statement.Total));
        Assert.Equal(closed.Hash, final.Hash);
        Assert.Null(await Tenants.Statement(Acme, DateOnly.Parse("2020-01-01")));
    }

    [Fact]
    public async Task Statements_come_in_pages_newest_first()
    {
        await Create();
        await Tenants.Execute(Acme, new Command.AdvanceClock(Start + TimeSpan.FromDays(60)));
        var first = (await Tenants.Statements(Acme, null, 2))!;
        var second = (await Tenants.Statements(Acme, DateOnly.FromDayNumber((int)first.Next!), 2))!;
        Assert.Equal(["2027-01-01", "2026-12-01", "2026-11-01"],
            first.Items.Concat(second.Items).Select(row => $"{row.Statement.Period.Id:yyyy-MM-dd}"));
        Assert.Null(second.Next);
    }

    [Fact]
    public async Task Grants_are_told_in_the_order_in_which_they_were_issued_also_those_that_ended()
    {
        await Create();
        foreach (var (amount, kind) in new[] { ("5", GrantKind.TopUp), ("6", GrantKind.Promotional) })
            await Tenants.Execute(Acme,
                new Command.IssueGrant(kind, Amount.Parse(amount), null, null, null, null, null));
        var first = (await Tenants.Grants(Acme))![0];
        Assert.IsType<Answer.Done>(await Tenants.Execute(Acme, new Command.VoidGrant(first.Id)));

        var grants = (await Tenants.Grants(Acme))!;
        Assert.Equal([GrantKind.TopUp, GrantKind.Promotional], grants.Select(grant => grant.Kind));
        Assert.Equal((Amount.Zero, (Instant?)Start), (grants[0].Remaining, grants[0].VoidedAt));
    }

    [Fact]
    public async Task Tenants_in_need_come_most_severe_first_page_by_page_and_among_those_asked_for()
    {
        foreach (var (tenant, cap, warnAt) in new (string, long, int?)[] { ("quiet", 9, null), ("b-warned", 2, 50),
            ("a-warned", 2, 50), ("paused", 1, null) })
        {
            await Create(tenant, cap, warnAt: warnAt);
            await Tenants.Execute(tenant, Make.Report("a"));
        }
        TenantInNeed[] all = [new("paused", LimitState.Paused), new("a-warned", LimitState.Warned),
            new("b-warned", LimitState.Warned)];

        Assert.Equal(all, await Tenants.Attention(null, null, 10));
        Assert.Equal(all[..2], await Tenants.Attention(null, null, 2));
        Assert.Equal(all[2..], await Tenants.Attention(null, all[1], 2));
        Assert.Equal([all[0], all[2]], await Tenants.Attention(["b-warned", "paused", "quiet", "nobody"], null, 10));
        Assert.Equal([all[2]], await Tenants.Attention(["b-warned", "paused"], all[0], 10));
        Assert.Empty(await Tenants.Attention([], null, 10));

        await Tenants.Execute("paused", new Command.SetCap(new Cap { Id = "monthly", Limit = 5 }, null));
        Assert.Equal(all[1..], await Tenants.Attention(null, null, 10)); // S2
    }
}
