namespace MeteringGateway.Console.Browser.Tests;

/// <summary>What each role finds on an account's page; what it does not find is refused if it is sent by hand.</summary>
public sealed class RoleTests(Desk desk) : IClassFixture<Desk>
{
    private static readonly (string Offer, string Page, (string Name, string Value)[] Sent)[] Doing =
    [
        ("Change monthly", "/cap/monthly",
            [("do", "set"), ("limit", "9"), ("unit", "units"), ("action", "pause"), ("period", "billing_period")]),
        ("Stop the agents", "/pause", [("action", "pause"), ("reason", "to see")]),
        ("What goes beyond the plan", "/overage", [("for", "period")]),
        ("Buy credits", "/top-ups", [("do", "buy"), ("pack", "pack-100"), ("once", "by-hand")]),
        ("Dispute the outcome", "/outcomes/case-1/dispute", [("reason", "to see"), ("once", "by-hand")]),
        ("Reject it", "/outcomes/case-1/verdict", [("verdict", "rejected")]),
    ];

    [TheoryIfInstalled("chromium")]
    [InlineData("finance", "Change monthly", "Stop the agents", "What goes beyond the plan", "Buy credits",
        "Dispute the outcome", "Reject it")]
    [InlineData("customer", "Dispute the outcome", "Reject it")]
    [InlineData("billing", "Change monthly")]
    [InlineData("auditor")]
    public async Task A_role_is_offered_what_it_may_do_and_refused_the_rest(string role, params string[] may)
    {
        var accounts = await Accounts.Open(desk.Gateway, role);
        await using var person = await desk.Someone(role, accounts.Capped);
        var at = $"/console/tenants/{accounts.Capped}";
        var offered = new List<string>();
        foreach (var page in new[] { at, $"{at}/outcomes/case-1" })
        {
            await person.Open(page);
            foreach (var (offer, _, _) in Doing)
                if (await person.Offers(offer)) offered.Add(offer);
        }
        Assert.Equal(may, offered);
        var token = await person.Page.Locator("input[name=token]").First.InputValueAsync();
        foreach (var (offer, page, sent) in Doing.Where(one => !may.Contains(one.Offer)))
        {
            var form = person.Page.Context.APIRequest.CreateFormData();
            form.Set("token", token);
            foreach (var (name, value) in sent) form.Set(name, value);
            var answer = await person.Page.Context.APIRequest.PostAsync($"{at}{page}", new() { Form = form });
            Assert.Equal((offer, 403), (offer, answer.Status));
        }
        Assert.Empty(person.Complaints);
    }

    [FactIfInstalled("chromium")]
    public async Task Webhooks_are_shown_to_administrators_alone()
    {
        var accounts = await Accounts.Open(desk.Gateway, "hooks");
        await using var admin = await desk.Someone("admin");
        Assert.True(await admin.Offers("Webhooks"));
        await using var finance = await desk.Someone("finance", accounts.Capped);
        Assert.False(await finance.Offers("Webhooks"));
        await finance.Open("/console/webhooks");
        await finance.Reads("lacks the permission");
    }
}
