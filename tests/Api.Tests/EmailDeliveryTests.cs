using SmtpServer.Protocol;

namespace MeteringGateway.Api.Tests;

/// <summary>Mails, and what becomes of them with a server that refuses, is away, or is not who it should be.</summary>
public class EmailDeliveryTests
{
    [Fact]
    public async Task What_is_refused_for_now_is_sent_again_under_the_same_id_and_for_good_never_and_either_is_seen()
    {
        using var server = MailServer.Run();
        await using var gateway = await Gateway.Start(server.Settings());
        await gateway.Tenant("acme");
        using var finance = await gateway.Role("finance", "acme");
        await gateway.Confirmed(server, finance);

        var code = 451;
        server.Answer = _ => code == 250 ? null : new SmtpResponse((SmtpReplyCode)code, "not this one");
        await gateway.Alert("acme");
        var pending = (await finance.Mailed(
            all => all.Count == 2 && all[0]["attempts"]!.AsArray().Count == 1))[0];
        Assert.Equal(("pending", 451), (pending.Status(), (int)pending.LastAttempt()["status_code"]!));
        code = 250;
        gateway.Clock.Advance(TimeSpan.FromSeconds(7));
        var taken = await server.Next();
        Assert.Equal(2, server.Offered.Count(one => one.MessageId == taken.MessageId));
        Assert.EndsWith("@metering.example", taken.MessageId, StringComparison.Ordinal);
        await finance.Mailed(all => all[0].Status() == "delivered");

        code = 554;
        await gateway.Alert("acme");
        var failed = (await finance.Mailed(all => all.Count == 3 && all[0].Status() == "failed"))[0];
        Assert.Equal(554, (int)Assert.Single(failed["attempts"]!.AsArray())!["status_code"]!);
        code = 250;
        server.Recipient = _ => new SmtpResponse((SmtpReplyCode)550, "no such user");
        await gateway.Alert("acme");
        failed = (await finance.Mailed(all => all.Count == 4 && all[0].Status() == "failed"))[0];
        Assert.Equal(550, (int)failed.LastAttempt()["status_code"]!);
        server.Recipient = _ => null;
        await gateway.Alert("acme");
        Assert.NotEqual(taken.MessageId, (await server.Next()).MessageId);

        var alerts = (await finance.Get("/v1/tenants/acme/alerts").Is(HttpStatusCode.OK))["data"]!.AsArray();
        var told = alerts.Select(one => one!["deliveries"]!.AsArray().FirstOrDefault()).First(one => one is not null)!;
        Assert.Equal(("email", "boss"), ((string)told["kind"]!, (string)told["id"]!));
        using var figures = await gateway.Admin.Get("/metrics");
        var text = await figures.Content.ReadAsStringAsync();
        foreach (var line in new[] { "metering_mail_messages_total{result=\"sent\"}",
            "metering_mail_messages_total{result=\"failed\"}", "metering_mail_attempts_total{result=\"4xx\"}",
            "metering_mail_waiting" })
            if (Edition.Current is Embedded) Assert.Contains(line, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_server_is_away_alerts_wait_and_then_go_in_one_mail_that_says_the_newest_first()
    {
        using var server = MailServer.Run();
        await using var gateway = await Gateway.Start(server.Settings());
        await gateway.Tenant("acme");
        using var finance = await gateway.Role("finance", "acme");
        await gateway.Confirmed(server, finance);
        server.Answer = _ => new SmtpResponse((SmtpReplyCode)421, "closing");
        await gateway.Alert("acme");
        await finance.Mailed(all => all.Count == 2 && all[0]["attempts"]!.AsArray().Count == 1);
        await gateway.Alert("acme");
        await gateway.Alert("acme");
        await finance.Mailed(all => all.Count == 4);
        server.Answer = _ => null;
        gateway.Clock.Advance(TimeSpan.FromSeconds(7));

        var mail = await server.Next();
        Assert.Equal("acme: Cap monthly is reached (and 2 more)", mail.Subject);
        Assert.True(mail.TextBody!.IndexOf("is reached", 40, StringComparison.Ordinal) is > 0);
        Assert.Contains("Cap monthly stops nothing any more", mail.TextBody, StringComparison.Ordinal);
        await finance.Mailed(all => all.TrueForAll(one => one.Status() == "delivered"));
        Assert.Equal(2, server.All.Count);
    }

    [FactInOneProcess]
    public async Task A_tenant_and_an_address_get_so_many_mails_an_hour_and_what_is_more_goes_together_N4()
    {
        using var server = MailServer.Run();
        await using var gateway = await Gateway.Start(server.Settings(("Limits:AddressMailsPerHour", "2"),
            ("Limits:TenantMailsPerHour", "100")));
        await gateway.Tenant("acme");
        using var finance = await gateway.Role("finance", "acme");
        await gateway.Confirmed(server, finance);
        for (var i = 0; i < 6; i++)
        {
            await gateway.Alert("acme");
            if (i < 2) await server.Next();
        }
        await finance.Mailed(all => all.Count == 7);
        Assert.Equal(3, server.All.Count);
        gateway.Clock.Advance(TimeSpan.FromHours(1));
        Assert.EndsWith("(and 3 more)", (await server.Next()).Subject, StringComparison.Ordinal);
        await finance.Mailed(all => all.TrueForAll(one => one.Status() == "delivered"));
    }

    [FactInOneProcess]
    public async Task To_a_server_without_TLS_of_another_authority_or_that_is_not_there_nothing_is_said()
    {
        foreach (var (withTls, trusted, error) in new[] { (false, true, "tls_failed"), (true, false, "tls_failed") })
        {
            using var server = MailServer.Run(withTls, trusted);
            await using var gateway = await Gateway.Start(server.Settings());
            await gateway.Tenant("acme");
            await gateway.Admin.Email("boss@acme.example").Is(HttpStatusCode.Created);
            var tried = await gateway.Admin.Mailed(all => all[0]["attempts"]!.AsArray().Count == 1);
            Assert.Equal(error, (string?)tried[0].LastAttempt()["error"]);
            Assert.Empty(server.Offered);
        }
        using var away = new MailServer();
        await using var waiting = await Gateway.Start(away.Settings());
        await waiting.Tenant("acme");
        await waiting.Admin.Email("boss@acme.example").Is(HttpStatusCode.Created);
        var refused = await waiting.Admin.Mailed(all => all[0]["attempts"]!.AsArray().Count == 1);
        Assert.Equal("connection_failed", (string?)refused[0].LastAttempt()["error"]);
        away.Start();
        waiting.Clock.Advance(TimeSpan.FromSeconds(7));
        Assert.StartsWith("Confirm", (await away.Next()).Subject, StringComparison.Ordinal);
    }

    [FactInOneProcess]
    public async Task A_wrong_password_is_tried_again_and_never_in_the_log()
    {
        using var server = MailServer.Run();
        await using var gateway = await Gateway.Start(server.Settings(("Email:Password", "a wrong one of the tests")));
        await gateway.Tenant("acme");
        await gateway.Admin.Email("boss@acme.example").Is(HttpStatusCode.Created);
        var tried = await gateway.Admin.Mailed(all => all[0]["attempts"]!.AsArray().Count == 1);
        Assert.Equal(("authentication_failed", "pending"),
            ((string)tried[0].LastAttempt()["error"]!, tried[0].Status()));
        Assert.Contains(gateway.Log.Lines, line => line.Contains("acme/@boss", StringComparison.Ordinal));
        foreach (var secret in new[] { "a wrong one of the tests", "boss@acme.example", "token=" })
            Assert.DoesNotContain(gateway.Log.Lines, line => line.Contains(secret, StringComparison.Ordinal));
    }
}
