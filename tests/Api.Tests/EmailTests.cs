using System.Text;
using MeteringGateway.Engine;
using Microsoft.Extensions.DependencyInjection;

namespace MeteringGateway.Api.Tests;

/// <summary>Alerts by mail: who is asked, who is told, and how it ends.</summary>
public class EmailTests
{
    private const string Path = "/v1/tenants/acme/emails/boss";

    [Fact]
    public async Task An_address_is_mailed_alerts_once_its_owner_has_confirmed_and_until_they_unsubscribe()
    {
        using var server = MailServer.Run();
        await using var gateway = await Gateway.Start(server.Settings());
        await gateway.Tenant("acme");
        using var finance = await gateway.Role("finance", "acme");

        var made = await finance.Email("boss@acme.example").Is(HttpStatusCode.Created);
        Assert.Equal(("boss@acme.example", "unconfirmed", "2026-11-24T12:00:00.000Z"),
            ((string)made["address"]!, (string)made["state"]!, (string)made["confirm_by"]!));
        var asked = await server.Next();
        Assert.Equal("Confirm alerts for acme", asked.Subject);
        await gateway.Alert("acme"); // is told to nobody
        using (var looked = await gateway.Anyone.Get(asked.Link("confirm")))
            Assert.Contains("<form method=\"post\">", await looked.Content.ReadAsStringAsync(),
                StringComparison.Ordinal);
        Assert.Equal("unconfirmed", (string?)(await finance.Get(Path).Is(HttpStatusCode.OK))["state"]);
        using (var confirmed = await gateway.Anyone.Post(asked.Link("confirm"), null))
            Assert.Equal(HttpStatusCode.OK, confirmed.StatusCode);
        Assert.Equal("enabled", (string?)(await finance.Get(Path).Is(HttpStatusCode.OK))["state"]);

        await gateway.Alert("acme");
        Assert.Equal("acme: Cap monthly stops nothing any more", (await server.Next()).Subject);
        await gateway.Alert("acme");
        var reached = await server.Next();
        Assert.Equal(("acme: Cap monthly is reached", MailServer.From, "boss@acme.example"),
            (reached.Subject, reached.From.Mailboxes.Single().Address, reached.To.Mailboxes.Single().Address));
        foreach (var body in new[] { reached.TextBody, reached.HtmlBody })
        {
            Assert.Contains("The limit is 0 units.", body, StringComparison.Ordinal);
            Assert.Contains("2026-11-21 12:00 UTC", body, StringComparison.Ordinal);
            Assert.Contains("Agents are told to pause until 2026-12-01 00:00 UTC", body, StringComparison.Ordinal);
            Assert.Contains("Cap monthly: agents are told to pause.", body, StringComparison.Ordinal);
            Assert.Contains("https://metering.example/gateway/console/tenants/acme", body, StringComparison.Ordinal);
        }
        Assert.Equal("List-Unsubscribe=One-Click", reached.Headers["List-Unsubscribe-Post"]);
        var ends = reached.Link("unsubscribe");
        Assert.Equal($"<{MailServer.PublicUrl}{ends}>", reached.Headers["List-Unsubscribe"]);

        using (var unsubscribed = await gateway.Anyone.PostAs("application/x-www-form-urlencoded", ends,
            "List-Unsubscribe=One-Click")) Assert.Equal(HttpStatusCode.OK, unsubscribed.StatusCode);
        var off = await finance.Get(Path).Is(HttpStatusCode.OK);
        Assert.Equal(("disabled", "unsubscribed"), ((string)off["state"]!, (string)off["disabled_reason"]!));
        await gateway.Alert("acme");
        await finance.Email("boss@acme.example").Is(HttpStatusCode.OK); // asks again, and mails nothing else
        Assert.Equal("Confirm alerts for acme", (await server.Next()).Subject);
        Assert.Equal(4, server.All.Count);
    }

    [Fact]
    public async Task A_link_that_is_not_the_last_or_altered_or_too_old_leads_nowhere()
    {
        using var server = MailServer.Run();
        await using var gateway = await Gateway.Start(server.Settings());
        await gateway.Tenant("acme");
        using var finance = await gateway.Role("finance", "acme");
        await finance.Email("boss@acme.example").Is(HttpStatusCode.Created);
        var old = (await server.Next()).Link("confirm");
        await finance.Email("chief@acme.example").Is(HttpStatusCode.OK);
        var asked = await server.Next();
        var link = asked.Link("confirm");
        Assert.Equal("chief@acme.example", asked.To.Mailboxes.Single().Address);

        foreach (var wrong in new[] { old, link[..^1], link + "A", link.Split('?')[0], asked.Link("unsubscribe")
            .Replace("unsubscribe", "confirm", StringComparison.Ordinal),
            link.Replace("/acme/", "/nobody/", StringComparison.Ordinal) })
        {
            using var looked = await gateway.Anyone.Get(wrong);
            using var done = await gateway.Anyone.Post(wrong, null);
            Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (looked.StatusCode, done.StatusCode));
        }
        gateway.Clock.Advance(TimeSpan.FromDays(3));
        using (var late = await gateway.Anyone.Post(link, null)) Assert.Equal(HttpStatusCode.NotFound, late.StatusCode);
        Assert.Equal("unconfirmed", (string?)(await finance.Get(Path).Is(HttpStatusCode.OK))["state"]);
    }

    [Fact]
    public async Task What_could_be_a_header_or_another_recipient_is_no_address()
    {
        using var server = MailServer.Run();
        await using var gateway = await Gateway.Start(server.Settings());
        await gateway.Tenant("acme", more: ""","time_zone":"UTC" """);
        using var finance = await gateway.Role("finance", "acme");
        foreach (var address in new[] { "boss", "@acme.example", "boss@acme", "boss@127.0.0.1", "boss@[127.0.0.1]",
            "a@b.example,c@d.example", "boss@acme.example\\r\\nBcc: x@y.example", "Boss <boss@acme.example>",
            "\\\"a b\\\"@acme.example", "b\\u00f6ss@acme.example", ".a@acme.example", "a..b@acme.example",
            "boss@-acme.example", new string('a', 65) + "@acme.example", "boss@acme.example?cc=x@y.example" })
            Assert.Equal(["/address"], (await finance.Email(address)
                .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());
        Assert.Equal(["/address", "/events"], (await finance.Put(Path, "{}")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());
        await gateway.Admin.Email("a@b.example", tenant: "nobody")
            .IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
        // Nor does a name with lines of its own become a header.
        await gateway.Admin.Put("/v1/tenants/acme",
            """{"name":"Acme\u2028Bcc: x@y.example","plan":"acme"}""").Is(HttpStatusCode.OK);
        await finance.Email("o'brien+alerts@acme.example").Is(HttpStatusCode.Created);
        var asked = await server.Next();
        Assert.Empty(asked.Bcc);
        Assert.Equal("o'brien+alerts@acme.example", asked.To.Mailboxes.Single().Address);
        Assert.Equal("Confirm alerts for Acme Bcc: x@y.example", asked.Subject);
    }

    [Fact]
    public async Task Without_a_mail_server_there_are_no_addresses()
    {
        await using var gateway = await Gateway.Start();
        await gateway.Tenant("acme");
        using var finance = await gateway.Role("finance", "acme");
        await finance.Email("boss@acme.example").IsProblem(HttpStatusCode.Conflict, "no_mail_server");
        Assert.Empty((await finance.Get("/v1/tenants/acme/emails").Is(HttpStatusCode.OK))["data"]!.AsArray());
    }

    [Fact]
    public async Task An_address_that_is_deleted_is_kept_nowhere_and_one_of_another_tenant_is_not_seen()
    {
        using var server = MailServer.Run();
        await using var gateway = await Gateway.Start(server.Settings());
        await gateway.Tenant("acme");
        await gateway.Tenant("other");
        using var finance = await gateway.Role("finance", "acme");
        using var others = await gateway.Role("finance", "other");
        await gateway.Confirmed(server, finance);
        await others.Get(Path).IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
        foreach (var path in new[] { "/v1/webhooks", "/v1/tenants/acme/webhooks" })
            Assert.Empty((await gateway.Admin.Get(path).Is(HttpStatusCode.OK))["data"]!.AsArray());
        await finance.Get("/v1/tenants/acme/webhooks/@boss").IsProblem(HttpStatusCode.NotFound, "unknown_webhook");

        Assert.Equal(HttpStatusCode.NoContent, (await finance.Delete(Path)).StatusCode);
        await finance.Get(Path).IsProblem(HttpStatusCode.NotFound, "unknown_email");
        await finance.Get($"{Path}/deliveries").IsProblem(HttpStatusCode.NotFound, "unknown_email");
        var store = gateway.Services.GetRequiredService<IStore>();
        var documents = await store.Documents("webhook", default);
        Assert.True(documents.Count >= 3);
        Assert.All(documents, one => Assert.DoesNotContain("boss@", Encoding.UTF8.GetString(one.Content),
            StringComparison.Ordinal));
        Assert.Empty(await store.Webhooks(default));
    }

    [FactInOneProcess]
    public async Task One_tenant_does_not_use_up_the_confirmations_of_an_address_that_another_one_waits_for_N4()
    {
        using var server = MailServer.Run();
        await using var gateway = await Gateway.Start(server.Settings());
        await gateway.Tenant("attacker");
        await gateway.Tenant("victim");
        foreach (var id in new[] { "z0", "z1", "z2", "z3" })
            await gateway.Admin.Email("cfo@victim.example", id, "attacker").Is(HttpStatusCode.Created);
        for (var i = 0; i < 2; i++)
            Assert.Contains("/attacker/", (await server.Next()).TextBody, StringComparison.Ordinal);
        await gateway.Admin.Email("cfo@victim.example", "cfo", "victim").Is(HttpStatusCode.Created);
        Assert.Contains("/victim/", (await server.Next()).TextBody, StringComparison.Ordinal);
    }

    [FactInOneProcess]
    public async Task A_tenant_has_so_many_addresses_and_none_is_asked_too_often_N4()
    {
        using var server = MailServer.Run();
        await using var gateway = await Gateway.Start(server.Settings(("Limits:TenantEmails", "2")));
        await gateway.Tenant("acme");
        await gateway.Tenant("other");
        using var finance = await gateway.Role("finance", "acme");
        await finance.Email("a@acme.example", "a").Is(HttpStatusCode.Created);
        await server.Next();
        await finance.Email("b@acme.example", "b").Is(HttpStatusCode.Created);
        await server.Next();
        await finance.Email("c@acme.example", "c").IsProblem(HttpStatusCode.Conflict, "too_many_emails");

        await finance.Email("a@acme.example", "a").Is(HttpStatusCode.OK);
        await server.Next();
        using var often = await finance.Email("a@acme.example", "a");
        await Task.FromResult(often).IsProblem(HttpStatusCode.TooManyRequests, "too_many_confirmations");
        Assert.Equal(TimeSpan.FromHours(1), often.Headers.RetryAfter?.Delta);
        // Whoever asks under another name asks the same address: for this tenant it hears no more in this hour.
        await finance.Delete("/v1/tenants/acme/emails/a");
        await finance.Email("A@acme.example", "a").Is(HttpStatusCode.Created);
        await gateway.Admin.Email("a@ACME.example", "a", "other").Is(HttpStatusCode.Created);
        Assert.Equal("a@ACME.example", (await server.Next()).To.Mailboxes.Single().Address);
        // That was the third for all tenants: now it hears no more at all.
        await gateway.Tenant("third");
        await gateway.Admin.Email("a@acme.example", "a", "third").Is(HttpStatusCode.Created);
        await gateway.Admin.Email("d@acme.example", "d", "other").Is(HttpStatusCode.Created);
        Assert.Equal("d@acme.example", (await server.Next()).To.Mailboxes.Single().Address);
        Assert.Equal(5, server.All.Count);
        gateway.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal("a@acme.example", (await server.Next()).To.Mailboxes.Single().Address.ToLowerInvariant());
    }
}
