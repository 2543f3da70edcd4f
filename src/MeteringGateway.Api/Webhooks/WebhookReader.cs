using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Webhooks;

/// <summary>What a webhook is asked to be.</summary>
/// <param name="Events">Null: every type.</param>
/// <param name="Tenants">Null: every tenant.</param>
internal sealed record WebhookTarget(string Url, IReadOnlyList<string>? Events, IReadOnlyList<string>? Tenants);

/// <summary>Reads it.</summary>
internal static class WebhookReader
{
    private const int LongestUrl = 2048;
    private const string Every = "*";

    public static WebhookTarget Read(string id, PutWebhookWire webhook, bool allowPrivate, Findings findings)
    {
        if (!Ids.IsId(id)) findings.Add("", $"a webhook's id {Ids.Form}");
        return new WebhookTarget(Url(webhook.Url, allowPrivate, findings), Events(webhook.Events, findings),
            Tenants(webhook, findings));
    }

    private static string Url(string? url, bool allowPrivate, Findings findings)
    {
        if (findings.Name("/url", url, LongestUrl).Length == 0) return "";
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri)
            || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps) || uri.Host.Length == 0)
            findings.Add("/url", "must be an absolute http or https address, such as \"https://finance.example/hooks\"");
        else if (uri.UserInfo.Length > 0)
            findings.Add("/url", "must not have a user name or password; deliveries are signed");
        else if (!allowPrivate && !PublicAddress.MayBe(uri.IdnHost))
            findings.Add("/url", "must be a public address, unless the operator sets Metering:Webhooks:AllowPrivate to "
                + "true");
        return url!;
    }

    public static IReadOnlyList<string>? Events(IReadOnlyList<string?>? events, Findings findings)
    {
        if (events is [Every]) return null;
        if (events is null)
            findings.Add("/events", $"is required: [\"*\"] or a list of {string.Join(", ", WebhookEvents.All)}");
        findings.NotEmpty("/events", events);
        var wanted = new List<string>();
        foreach (var (pointer, type) in findings.Each("/events", events, 64))
        {
            if (type == Every) findings.Add(pointer, "stands alone: it is every type");
            else if (!WebhookEvents.All.Contains(type))
                findings.Add(pointer, $"must be one of {string.Join(", ", WebhookEvents.All)}");
            else if (!wanted.Contains(type)) wanted.Add(type);
        }
        return wanted;
    }

    private static IReadOnlyList<string>? Tenants(PutWebhookWire webhook, Findings findings)
    {
        if (webhook.Tenants is { Ids: null }) return null;
        if (webhook.Tenants is null) findings.Add("/tenants", "is required: \"*\" or a list of tenant ids");
        findings.NotEmpty("/tenants", webhook.Tenants?.Ids);
        return [.. findings.Each("/tenants", webhook.Tenants?.Ids, 1000)
            .Select(at => findings.Id(at.Pointer, at.Item))];
    }
}
