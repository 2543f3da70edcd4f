using Microsoft.Extensions.Logging;

namespace MeteringGateway.Api.Tests;

/// <summary>A gateway that may send to this machine, and what tests of webhooks do with it.</summary>
internal static class WebhooksTestBed
{
    public static Task<Gateway> Start(string? dataDirectory = null, FakeClock? clock = null,
        LogLevel lowest = LogLevel.Warning, params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?> { ["Metering:Webhooks:AllowPrivate"] = "true",
            // Each is looked at by itself; how they are held back has a suite of its own.
            ["Metering:Webhooks:CapAlertsEvery"] = "00:00:00" };
        foreach (var (name, value) in settings) all[$"Metering:Webhooks:{name}"] = value;
        return Gateway.Start(all, dataDirectory, clock, lowest: lowest);
    }

    /// <summary>Makes a webhook; gives its secret.</summary>
    public static async Task<string> Webhook(this Gateway gateway, string id, string url, string events = "\"*\"",
        string tenants = "\"*\"")
    {
        var made = await gateway.Admin.Put($"/v1/webhooks/{id}",
            $$"""{"url":"{{url}}","events":[{{events}}],"tenants":{{tenants}}}""").Is(HttpStatusCode.Created);
        return (string)made["secret"]!;
    }

    /// <summary>One alert: <c>cap.reached</c>, <c>cap.cleared</c>, and so on in turn.</summary>
    public static async Task Alert(this Gateway gateway, string tenant)
    {
        var caps = await gateway.Admin.Get($"/v1/tenants/{tenant}/caps").Is(HttpStatusCode.OK);
        var reached = (long?)caps["data"]![0]!["limit"]!["units"] == 0;
        await gateway.Admin.Put($"/v1/tenants/{tenant}/caps/monthly",
            $$"""{"at_limit":{"action":"pause"},"limit":{"units":{{(reached ? 3 : 0)}} } }""").Is(HttpStatusCode.OK);
    }

    public static async Task<List<JsonNode>> Deliveries(this Gateway gateway, string webhook, string query = "")
    {
        var list = await gateway.Admin.Get($"/v1/webhooks/{webhook}/deliveries{query}").Is(HttpStatusCode.OK);
        return [.. list["data"]!.AsArray().Select(one => one!)];
    }

    /// <summary>Waits until the deliveries, newest first, are as they should be.</summary>
    public static async Task<List<JsonNode>> Until(this Gateway gateway, string webhook, Func<List<JsonNode>, bool> so)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        for (; ; await Task.Yield())
        {
            var deliveries = await gateway.Deliveries(webhook);
            if (so(deliveries)) return deliveries;
            Assert.False(patience.IsCancellationRequested,
                string.Join('\n', deliveries.Select(one => one.ToJsonString())) + string.Join('\n', gateway.Log.Lines));
        }
    }

    /// <summary>
    /// Waits until the only delivery, or that of this tenant, was tried so often; gives its last attempt.
    /// </summary>
    public static async Task<JsonNode> Tried(this Gateway gateway, string webhook, int times, string? tenant = null)
    {
        bool Mine(JsonNode one) => tenant is null || (string?)one["tenant"] == tenant;
        var deliveries = await gateway.Until(webhook,
            all => all.Any(one => Mine(one) && one["attempts"]!.AsArray().Count == times));
        return deliveries.First(one => Mine(one) && one["attempts"]!.AsArray().Count == times)["attempts"]![times - 1]!;
    }

    /// <summary>Waits until the webhook is off; gives it.</summary>
    public static async Task<JsonObject> SwitchedOff(this Gateway gateway, string webhook)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        for (; ; await Task.Yield())
        {
            var read = await gateway.Admin.Get($"/v1/webhooks/{webhook}").Is(HttpStatusCode.OK);
            if ((string?)read["state"] == "disabled") return read;
            Assert.False(patience.IsCancellationRequested, "it stays on");
        }
    }

    public static string Status(this JsonNode delivery) => (string)delivery["status"]!;
}
