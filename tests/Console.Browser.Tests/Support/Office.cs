namespace MeteringGateway.Console.Browser.Tests.Support;

/// <summary>Two accounts with a week behind them, so that every page of the console has something to show.</summary>
public sealed class Office : IAsyncLifetime
{
    public const string Acme = "acme", Globex = "globex";
    private static readonly int[] Days = [14, 22, 9, 17, 30];

    public Desk Desk { get; } = new();

    public async Task InitializeAsync()
    {
        await Desk.InitializeAsync();
        if (Desk.Browser is null) return;
        var gateway = Desk.Gateway;
        await gateway.Account(Acme, "Acme Bicycles", Repository.Read("samples", "plans", "support.json"));
        await gateway.Account(Globex, "Globex Hiring", Repository.Read("samples", "plans", "eximius-300.json"));
        using var finance = await Finance(gateway);
        await Limits(gateway, finance);
        using var agent = await gateway.Role("agent", Acme, Globex);
        foreach (var (day, many) in Days.Index())
        {
            for (var i = 1; i <= many; i++) await agent.Report(Acme, $"case-{day + 1}{i:00}");
            await Interviews(agent, day, many / 3);
            gateway.Clock.Advance(TimeSpan.FromDays(1));
        }
        await finance.Post($"/v1/tenants/{Acme}/outcomes/case-103/disputes", """{"reason":"Nobody was helped"}""",
            ("Idempotency-Key", "dispute")).Is(HttpStatusCode.Created);
    }

    public Task DisposeAsync() => Desk.DisposeAsync();

    private static async Task<HttpClient> Finance(Gateway gateway)
    {
        var key = await gateway.Admin.Post("/v1/keys",
            """{"role":"finance","tenants":["acme","globex"],"label":"Ada Lovelace"}""").Is(HttpStatusCode.Created);
        return gateway.As((string)key["key"]!);
    }

    private static async Task Limits(Gateway gateway, HttpClient finance)
    {
        await finance.Put($"/v1/tenants/{Acme}/caps/budget",
            """{"limit":{"amount":"150.00"},"at_limit":{"action":"pause"}}""").Is(HttpStatusCode.Created);
        await finance.Put($"/v1/tenants/{Acme}/thresholds/half", """{"of":"cap:budget","at":{"percent":50}}""")
            .Is(HttpStatusCode.Created);
        await finance.Post($"/v1/tenants/{Acme}/pause", """{"action":"pause","reason":"Prices were wrong"}""")
            .Is(HttpStatusCode.NoContent);
        await finance.Post($"/v1/tenants/{Acme}/resume", "{}").Is(HttpStatusCode.NoContent);
        await finance.Put($"/v1/tenants/{Acme}/webhooks/books", """{"url":"https://books.example","events":["*"]}""")
            .Is(HttpStatusCode.Created);
        await gateway.Admin.Put("/v1/webhooks/finance-desk",
            """{"url":"https://finance.example/hooks","events":["threshold.crossed"],"tenants":["acme"]}""")
            .Is(HttpStatusCode.Created);
    }

    private static async Task Interviews(HttpClient agent, int day, int many)
    {
        for (var i = 1; i <= many; i++)
            await agent.Post($"/v1/tenants/{Globex}/outcomes",
                $$"""{"outcome_type":"interview.completed","outcome_id":"talk-{{day + 1}}{{i:00}}"}""")
                .Is(HttpStatusCode.Created);
    }
}
