namespace MeteringGateway.ConsolePages.Forms;

/// <summary>What was sent to webhooks, and to send it again.</summary>
internal static class WebhookForms
{
    public static void MapWebhookPages(this IEndpointRouteBuilder app)
    {
        app.Page<Pages.Webhooks>("/console/webhooks");
        app.Page<Pages.Webhook>("/console/webhooks/{webhook}");
        app.Form<Pages.Webhook>("/console/webhooks/{webhook}/deliveries/{delivery}/retry", async visit =>
        {
            var webhook = Uri.EscapeDataString(visit.Route("webhook"));
            await visit.Send(HttpMethods.Post,
                $"/v1/webhooks/{webhook}/deliveries/{Uri.EscapeDataString(visit.Route("delivery"))}/retry");
            return $"/console/webhooks/{webhook}?said=retried";
        });
    }
}
