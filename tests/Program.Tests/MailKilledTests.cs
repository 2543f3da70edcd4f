using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary>
/// The real program, killed when the mail server has an alert and before that was noted: it is mailed again, and can be
/// recognised.
/// </summary>
public sealed class MailKilledTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task An_alert_that_was_under_way_when_the_process_was_killed_comes_again_with_the_same_id()
    {
        using var mails = MailServer.Run();
        var settings = mails.Settings().ToDictionary(
            one => one.Key.Replace(":", "__", StringComparison.Ordinal), one => one.Value!);
        var store = Path.Combine(_directory, "store");
        string taken;
        using (var server = GatewayServer.Start(Options.DefaultDll(), store, settings: settings))
        {
            await Metering.Fill(server, "acme", 1);
            using var http = Metering.Administrator(server);
            await Send(http, HttpMethod.Put, "/v1/tenants/acme/emails/boss",
                """{"address":"boss@acme.example","events":["*"]}""");
            var link = Regex.Match((await mails.Next()).TextBody!, @"/v1/\S+/confirm\?token=\S+").Value;
            await Send(http, HttpMethod.Post, link, "");
            var killed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            mails.Answer = mail =>
            {
                server.Process.KillHard();
                killed.TrySetResult(mail.MessageId!);
                return null; // taken, and nobody is there to hear it
            };
            // Its answer may come too late.
            var change = Send(http, HttpMethod.Put, "/v1/tenants/acme/caps/monthly",
                """{"limit":{"units":0},"at_limit":{"action":"pause"},"when_below_exposure":"now"}""");
            taken = await killed.Task.WaitAsync(TimeSpan.FromSeconds(30));
            await change.ContinueWith(_ => { }, TaskScheduler.Default);
        }
        Assert.Equal(taken, (await mails.Next()).MessageId);
        mails.Answer = _ => null;
        using (var server = GatewayServer.Start(Options.DefaultDll(), store, settings: settings))
        {
            var again = await mails.Next();
            Assert.Equal(taken, again.MessageId);
            Assert.Contains("Cap monthly is reached", again.TextBody, StringComparison.Ordinal);
        }
    }

    private static async Task Send(HttpClient http, HttpMethod method, string path, string body)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative))
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        using var answer = await http.SendAsync(request);
        Assert.True(answer.StatusCode < HttpStatusCode.BadRequest, await answer.Content.ReadAsStringAsync());
    }
}
