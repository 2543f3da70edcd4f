using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.ConsolePages.Forms;

/// <summary>Who is told of an account's alerts: addresses, and webhooks of its own.</summary>
internal static class ReceiverForms
{
    private const string At = "/console/tenants/{tenant}/receivers";
    private const string Email = $"{At}/emails/{{email}}", Webhook = $"{At}/webhooks/{{webhook}}";

    public static void MapReceiverPages(this IEndpointRouteBuilder app)
    {
        app.Page<Pages.Receivers>(At);
        app.Form<Pages.Receivers>($"{At}/emails", AddEmail);
        app.Page<Pages.Received>(Email);
        app.Form<Pages.Receivers>($"{Email}/ask", AskAgain);
        app.Form<Pages.Receivers>($"{Email}/remove", visit => Remove(visit, "emails", visit.Route("email")));
        app.Form<Pages.Receivers>($"{At}/webhooks", AddWebhook);
        app.Page<Pages.Received>(Webhook);
        app.Form<Pages.Receivers>($"{Webhook}/remove", visit => Remove(visit, "webhooks", visit.Route("webhook")));
        app.Form<Pages.Received>($"{Webhook}/rotate", Rotate);
        app.Form<Pages.Received>($"{Webhook}/deliveries/{{delivery}}/retry", Retry);
    }

    private static async Task<string?> AddEmail(Visit visit)
    {
        var id = visit.Demand("email", "Give the address a name.");
        await visit.Send(HttpMethods.Put, $"{visit.Api()}/emails/{Uri.EscapeDataString(id)}",
            new { address = visit.Field("address"), events = Events(visit) });
        return visit.Back("email", "/receivers");
    }

    /// <summary>As it stands: who has not confirmed it is asked once more.</summary>
    private static async Task<string?> AskAgain(Visit visit)
    {
        var at = $"{visit.Api()}/emails/{Uri.EscapeDataString(visit.Route("email"))}";
        var now = await visit.Get(at);
        await visit.Send(HttpMethods.Put, at, new { address = now["address"].Text, events = now["events"].Json });
        return visit.Back("email", "/receivers");
    }

    private static async Task<string?> Remove(Visit visit, string kind, string id)
    {
        await visit.Send(HttpMethods.Delete, $"{visit.Api()}/{kind}/{Uri.EscapeDataString(id)}");
        return visit.Back("receiver-removed", "/receivers");
    }

    /// <summary>One that is new has a secret, which is in this answer and nowhere else: in no address.</summary>
    private static async Task<string?> AddWebhook(Visit visit)
    {
        var id = visit.Demand("webhook", "Give the webhook a name.");
        var made = await visit.Send(HttpMethods.Put, $"{visit.Api()}/webhooks/{Uri.EscapeDataString(id)}",
            new { url = visit.Field("url"), events = Events(visit) });
        if (made.Maybe("secret").TextOrNull is not { } secret) return visit.Back("webhook", "/receivers");
        visit.Secret = (id, secret);
        return null;
    }

    private static async Task<string?> Rotate(Visit visit)
    {
        var id = visit.Route("webhook");
        var made = await visit.Send(HttpMethods.Post, $"{visit.Api()}/webhooks/{Uri.EscapeDataString(id)}/rotate");
        visit.Secret = (id, made["secret"].Text);
        return null;
    }

    private static async Task<string?> Retry(Visit visit)
    {
        var webhook = Uri.EscapeDataString(visit.Route("webhook"));
        await visit.Send(HttpMethods.Post, $"{visit.Api()}/webhooks/{webhook}/deliveries/"
            + $"{Uri.EscapeDataString(visit.Route("delivery"))}/retry");
        return visit.Back("retried", $"/receivers/webhooks/{webhook}");
    }

    private static string[] Events(Visit visit) =>
        visit.Field("events") is { } chosen ? chosen.Split(',').Where(WebhookEvents.All.Contains).ToArray() : ["*"];
}
