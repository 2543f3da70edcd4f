using System.Text.RegularExpressions;
using MimeKit;

namespace MeteringGateway.Api.Tests;

/// <summary>What tests of mails do with a gateway.</summary>
internal static class EmailTestBed
{
    /// <summary>Where a link in a mail leads, within the gateway.</summary>
    public static string Link(this MimeMessage mail, string to) => Regex.Match(mail.TextBody!,
        $@"{Regex.Escape(MailServer.PublicUrl)}(/v1/\S+/{to}\?token=\S+)").Groups[1].Value;

    public static Task<HttpResponseMessage> Email(this HttpClient finance, string address, string id = "boss",
        string tenant = "acme", string events = "\"*\"") => finance.Put($"/v1/tenants/{tenant}/emails/{id}",
            $$"""{"address":"{{address}}","events":[{{events}}]}""");

    /// <summary>An address that is confirmed.</summary>
    public static async Task<MimeMessage> Confirmed(this Gateway gateway, MailServer server, HttpClient finance,
        string address = "boss@acme.example", string id = "boss", string tenant = "acme")
    {
        await finance.Email(address, id, tenant).Is(HttpStatusCode.Created);
        var asked = await server.Next();
        using var confirmed = await gateway.Anyone.Post(asked.Link("confirm"), null);
        Assert.Equal(HttpStatusCode.OK, confirmed.StatusCode);
        return asked;
    }

    /// <summary>Waits until what was mailed to an address, newest first, is as it should be.</summary>
    public static async Task<List<JsonNode>> Mailed(this HttpClient finance, Func<List<JsonNode>, bool> so,
        string id = "boss")
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        for (; ; await Task.Yield())
        {
            var list = await finance.Get($"/v1/tenants/acme/emails/{id}/deliveries").Is(HttpStatusCode.OK);
            var all = list["data"]!.AsArray().Select(one => one!).ToList();
            if (so(all)) return all;
            Assert.False(patience.IsCancellationRequested, list.ToJsonString());
        }
    }

    public static JsonNode LastAttempt(this JsonNode delivery) => delivery["attempts"]!.AsArray()[^1]!;
}
