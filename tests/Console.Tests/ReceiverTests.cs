using MeteringGateway.ConsolePages;
using System.Text.RegularExpressions;

namespace MeteringGateway.Console.Tests;

/// <summary>Who is told of an account's alerts: whoever may change that sees it, adds and removes.</summary>
public class ReceiverTests : IAsyncLifetime
{
    private readonly MailServer _mail = MailServer.Run();
    private Gateway _gateway = null!;

    public async Task InitializeAsync()
    {
        Edition.Maps = app => app.MapConsole();
        _gateway = await Gateway.Start(_mail.Settings());
        await _gateway.Tenant("acme");
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        _mail.Dispose();
    }

    [Fact]
    public async Task An_address_is_added_asked_again_confirmed_told_and_removed()
    {
        using var finance = await Finance();
        Assert.Contains("To no address yet", finance.Text);
        await finance.Press("Add the address", ("Address", "nobody"), ("Name of it here", "boss"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, finance.Status);
        Assert.Equal("nobody", finance.Page.QuerySelector("#address")!.GetAttribute("value")); // nothing is typed twice
        await finance.Press("Add the address", ("Address", "boss@acme.example"), ("Name of it here", "boss"),
            ("A cap was reached", "on"));
        Assert.Contains("The address is asked by mail to confirm", finance.Text);
        Assert.Contains("boss@acme.example: not confirmed yet", finance.Text);
        Assert.Contains("Told when: A cap was reached", finance.Text);
        await _mail.Next();
        await finance.Press("Ask boss again");
        var link = Regex.Match((await _mail.Next()).TextBody!,
            $@"{Regex.Escape(MailServer.PublicUrl)}(/v1/\S+/confirm\?token=\S+)").Groups[1].Value;
        using (var confirmed = await _gateway.Anyone.Post(link, null))
            Assert.Equal(HttpStatusCode.OK, confirmed.StatusCode);

        using var agent = await _gateway.Role("agent", "acme");
        await agent.Report("acme", "one", "two", "three");
        Assert.Equal("acme: Cap monthly is reached", (await _mail.Next()).Subject);
        await finance.Open("/console/tenants/acme/receivers");
        Assert.Contains("boss@acme.example: confirmed", finance.Text);
        Assert.False(finance.Offers("Ask boss again"));
        await finance.Follow("Mails to boss");
        Assert.Equal("Mails to boss@acme.example", finance.Heading);
        Assert.Contains("A cap was reached", finance.Text);

        await finance.Open("/console/tenants/acme/receivers");
        await finance.Press("Remove boss");
        Assert.Contains("It is removed", finance.Text);
        Assert.Contains("To no address yet", finance.Text);
    }

    [Fact]
    public async Task A_webhook_of_ones_own_shows_its_secret_once_and_what_did_not_arrive_is_sent_again()
    {
        await using var receiver = await Receiver.Start();
        receiver.Answer = (_, context) => Receiver.With(context, 500);
        using var finance = await Finance();
        await finance.Press("Add the webhook", ("Address (https://...)", receiver.Url),
            ("Name of it here (a-z, 0-9, dots and dashes)", "books"));
        var secret = Regex.Match(finance.Text, @"whsec_\S+").Value;
        Assert.NotEqual("", secret);
        Assert.DoesNotContain("whsec_", finance.Address, StringComparison.Ordinal);
        Assert.True(finance.Response.Headers.CacheControl!.NoStore);
        await finance.Open("/console/tenants/acme/receivers");
        Assert.DoesNotContain("whsec_", finance.Page.DocumentElement.OuterHtml, StringComparison.Ordinal);

        using var agent = await _gateway.Role("agent", "acme");
        await agent.Report("acme", "one", "two", "three");
        Assert.True((await receiver.Next()).IsSignedWith(secret));
        receiver.Answer = (_, context) => Receiver.With(context, 204);
        await finance.Follow("Deliveries to books");
        while (!finance.Text.Contains("it answered 500", StringComparison.Ordinal))
            await finance.Open(finance.Address);
        var again = finance.Page.QuerySelectorAll("button").Select(Person.Words)
            .First(words => words.StartsWith("Send ", StringComparison.Ordinal));
        await finance.Press(again);
        Assert.Contains("The delivery is sent again", finance.Text);
        for (; !finance.Text.Contains(": delivered", StringComparison.Ordinal);) await finance.Open(finance.Address);

        await finance.Press("Make a new secret");
        Assert.NotEqual(secret, Regex.Match(finance.Text, @"whsec_\S+").Value);
        await finance.Open("/console/tenants/acme/receivers");
        await finance.Press("Remove books");
        Assert.False(finance.Offers("Deliveries to books"));
    }

    [Theory]
    [InlineData("customer")]
    [InlineData("auditor")]
    [InlineData("billing")]
    public async Task Whoever_may_not_change_it_is_neither_offered_it_nor_let_to_it(string role)
    {
        using var person = await Person.Of(_gateway, role, "acme");
        await person.Open("/console/tenants/acme");
        Assert.False(person.Offers("Who is told"));
        var token = person.Token;
        await person.Open("/console/tenants/acme/receivers");
        Assert.Equal(HttpStatusCode.Forbidden, person.Status);
        foreach (var (page, fields) in new[]
        {
            ("emails", new[] { ("address", "a@b.example"), ("email", "boss") }),
            ("emails/boss/ask", []), ("emails/boss/remove", []),
            ("webhooks", [("url", "https://b.example"), ("webhook", "books")]),
            ("webhooks/books/remove", []), ("webhooks/books/rotate", [("once", "abc")]),
            ("webhooks/books/deliveries/d-1/retry", []),
        })
        {
            await person.Force($"/console/tenants/acme/receivers/{page}", [("token", token), .. fields]);
            Assert.Equal((page, HttpStatusCode.Forbidden), (page, person.Status));
        }
    }

    private async Task<Person> Finance()
    {
        var finance = await Person.Of(_gateway, "finance", "acme");
        await finance.Open("/console/tenants/acme");
        await finance.Follow("Who is told");
        return finance;
    }
}
