namespace MeteringGateway.ConsolePages.Forms;

/// <summary>The pages of one tenant, and what is sent from them.</summary>
internal static class TenantForms
{
    private const string At = "/console/tenants/{tenant}";

    public static void MapTenantPages(this IEndpointRouteBuilder app)
    {
        app.Page<Pages.Tenant>(At);
        app.Page<Pages.Pause>($"{At}/pause");
        app.Form<Pages.Pause>($"{At}/pause", Pause);
        app.Form<Pages.Tenant>($"{At}/resume", Resume);
        app.Page<Pages.Cap>($"{At}/cap");
        app.Form<Pages.Cap>($"{At}/cap", CapForm.Send);
        app.Page<Pages.Cap>($"{At}/cap/{{cap}}");
        app.Form<Pages.Cap>($"{At}/cap/{{cap}}", CapForm.Send);
        app.Form<Pages.Cap>($"{At}/cap/{{cap}}/remove", CapForm.Remove);
        app.Page<Pages.TopUps>($"{At}/top-ups");
        app.Form<Pages.TopUps>($"{At}/top-ups", TopUp);
        app.Page<Pages.Overage>($"{At}/overage");
        app.Form<Pages.Overage>($"{At}/overage", Authorize);
        app.Form<Pages.Overage>($"{At}/overage/withdraw", Withdraw);
        app.Page<Pages.Thresholds>($"{At}/thresholds");
        app.Form<Pages.Thresholds>($"{At}/thresholds", Threshold);
        app.Form<Pages.Thresholds>($"{At}/thresholds/{{threshold}}/remove", RemoveThreshold);
        app.Page<Pages.Outcomes>($"{At}/outcomes");
        app.Page<Pages.Outcome>($"{At}/outcomes/{{outcome}}");
        app.Form<Pages.Outcome>($"{At}/outcomes/{{outcome}}/dispute", Dispute);
        app.Form<Pages.Outcome>($"{At}/outcomes/{{outcome}}/verdict", Judge);
        app.Page<Pages.Certificate>($"{At}/outcomes/{{outcome}}/certificate");
        app.Page<Pages.Statements>($"{At}/statements");
        app.Page<Pages.Statement>($"{At}/statements/{{period}}");
        app.Page<Pages.Alerts>($"{At}/alerts");
        app.Page<Pages.Changes>($"{At}/changes");
        app.Page<Pages.Quality>($"{At}/quality");
        app.File($"{At}/outcomes.csv", visit => ($"{visit.Api()}/outcomes{visit.Context.Request.QueryString}",
            "text/csv"));
        app.File($"{At}/statements/{{period}}.csv",
            visit => ($"{visit.Api()}/statements/{Uri.EscapeDataString(visit.Route("period"))}", "text/csv"));
        app.File($"{At}/outcomes/{{outcome}}/certificate.jws",
            visit => ($"{Outcome(visit)}/certificate", "application/jose"));
    }

    /// <summary>The tenant, as the API has it.</summary>
    public static string Api(this Visit visit) => $"/v1/tenants/{Uri.EscapeDataString(visit.Tenant)}";

    public static string Outcome(Visit visit) =>
        $"{visit.Api()}/outcomes/{Uri.EscapeDataString(visit.Route("outcome"))}";

    /// <summary>A page of the tenant, with what was done.</summary>
    public static string Back(this Visit visit, string said, string page = "") =>
        $"/console/tenants/{Uri.EscapeDataString(visit.Tenant)}{page}?said={said}";

    private static async Task<string?> Pause(Visit visit)
    {
        var to = visit.Field("action") == "handoff" ? visit.Field("to") : null;
        await visit.Send(HttpMethods.Post, $"{visit.Api()}/pause", new
        {
            action = visit.Field("action"), reason = visit.Field("reason"), to, message = visit.Field("message"),
        });
        return visit.Back("paused");
    }

    private static async Task<string?> Resume(Visit visit)
    {
        await visit.Send(HttpMethods.Post, $"{visit.Api()}/resume");
        return visit.Back("resumed");
    }

    private static async Task<string?> TopUp(Visit visit)
    {
        var quantity = visit.TypedCount("quantity", "How many") ?? 1;
        if (visit.Field("do") != "buy") return null; // what it would come to is shown first
        await visit.Send(HttpMethods.Post, $"{visit.Api()}/top-ups",
            new { pack = visit.Field("pack"), quantity, note = visit.Field("note") });
        return visit.Back("bought");
    }

    private static async Task<string?> Authorize(Visit visit)
    {
        object? limit = visit.Typed("limit") is not { } upTo ? null
            : visit.Field("unit") == "units" ? new { units = visit.TypedCount("limit", "The limit") }
            : new { amount = upTo };
        await visit.Send(HttpMethods.Post, $"{visit.Api()}/overage/authorize",
            new { @for = visit.Field("for"), limit });
        return visit.Back("authorized");
    }

    private static async Task<string?> Withdraw(Visit visit)
    {
        await visit.Send(HttpMethods.Delete, $"{visit.Api()}/overage/authorization");
        return visit.Back("withdrawn", "/overage");
    }

    private static async Task<string?> Threshold(Visit visit)
    {
        object at = visit.Field("unit") switch
        {
            "units" => new { units = visit.TypedCount("at", "The level") },
            "amount" => new { amount = visit.Typed("at") },
            _ => new { percent = visit.TypedCount("at", "The level") },
        };
        var id = visit.Demand("id", "Give the level a name.");
        await visit.Send(HttpMethods.Put, $"{visit.Api()}/thresholds/{Uri.EscapeDataString(id)}",
            new { of = visit.Field("of"), at });
        return visit.Back("threshold", "/thresholds");
    }

    private static async Task<string?> Dispute(Visit visit)
    {
        await visit.Send(HttpMethods.Post, $"{Outcome(visit)}/disputes", new { reason = visit.Field("reason") });
        return visit.Back("disputed", $"/outcomes/{Uri.EscapeDataString(visit.Route("outcome"))}");
    }

    private static async Task<string?> Judge(Visit visit)
    {
        await visit.Send(HttpMethods.Post, $"{Outcome(visit)}/verdict", new { verdict = visit.Field("verdict") });
        return visit.Back("judged", $"/outcomes/{Uri.EscapeDataString(visit.Route("outcome"))}");
    }

    private static async Task<string?> RemoveThreshold(Visit visit)
    {
        await visit.Send(HttpMethods.Delete,
            $"{visit.Api()}/thresholds/{Uri.EscapeDataString(visit.Route("threshold"))}");
        return visit.Back("threshold-removed", "/thresholds");
    }
}
