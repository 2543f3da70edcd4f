using MeteringGateway.Api.Allowance;
using MeteringGateway.Api.Certificates;
using MeteringGateway.Api.Emails;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Requests;
using MeteringGateway.Api.SignIn;
using MeteringGateway.Api.Signals;
using MeteringGateway.Api.Webhooks;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using Microsoft.Extensions.DependencyInjection;

namespace MeteringGateway.Api.Tests;

/// <summary>
/// What reads texts and bytes of others, given real ones that were altered: it reads them, or refuses them in its own
/// way, and makes no more memory than they could fill. METERING_FUZZ sets how many of each.
/// </summary>
public class DecoderFuzzTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    private const int Each = 600, Once = 512 * 1024;

    [Fact]
    public void Altered_events_are_read_or_refused()
    {
        var reader = new EventReader(new MeteringLimits());
        string[] samples =
        [
            Report.Outcome("f-1", "fuzz",
                """
                "quantity":2,"session":"s","verification":{"method":"llm","passed":true,"confidence":0.97},
                "metadata":{"a":[1,{"b":null}]},"end_customer":"u"
                """),
            Report.Event("outcome.reopened", "f-3", "fuzz", "\"outcome_id\":\"f-1\""),
            Report.Event("activity.reported", "f-5", "fuzz", "\"activity\":\"t\",\"quantity\":3"),
        ];
        Fuzz(samples, text =>
        {
            var read = reader.Read(System.Text.Encoding.Latin1.GetBytes(text));
            Assert.True(read.Problem is not null || read.Command is not null, text);
        });
    }

    [Fact]
    public void Altered_cursors_and_positions_are_read_or_refused()
    {
        var position = new StreamPosition(["acme", "zoo"]);
        position.Set("acme", long.MaxValue);
        position.Set("zoo", 3);
        Fuzz([Cursors.Write(77), Cursors.Write("2026-11-01|outcome-7"), position.Write()], text =>
        {
            _ = Cursors.Read(text);
            _ = Cursors.Number(text);
            _ = new StreamPosition(["acme", "zoo"]).Continue(text);
        });
    }

    [Fact]
    public void Altered_amounts_times_durations_and_addresses_are_read_or_refused() => Fuzz(
        ["P1Y2M3DT4H5M6.789S", "-12345678901.234567", "2026-11-29T10:20:30.123Z", "/v1/tenants/a%2Fb%20%C3%A9/usage",
            "2026-11-01"], text =>
        {
            _ = Durations.TryParse(text, out _);
            _ = Amount.TryParse(text, out _);
            _ = Instant.TryParse(text, out _);
            _ = Base64Text.Read(text);
            _ = Percent.Decode(text);
        }, typeof(FormatException));

    /// <summary>What they say was altered, and is signed all the same.</summary>
    [Fact]
    public async Task Altered_certificates_are_refused_or_say_what_is_so()
    {
        await _gateway.Tenant("fuzzed", Gateway.Plan);
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("o-1", "fuzzed"))
            .Is(HttpStatusCode.Created);
        var keys = await Signed.Keys(_gateway);
        var ring = _gateway.Services.GetRequiredService<CertificateKeys>();
        var real = await Signed.Jose(_gateway.Admin, "/v1/tenants/fuzzed/outcomes/o-1/certificate");
        Proof.Read(real, keys);
        Fuzz([Signed.Payload(real).ToJsonString()], text => Proof.Read(
            ring.Sign(CertificateWire.Name, System.Text.Encoding.UTF8.GetBytes(text)), keys),
            typeof(CertificateException));
        Fuzz([real], text => Proof.Read(text, keys), typeof(CertificateException));
        Fuzz([System.Text.Encoding.UTF8.GetString(keys)],
            text => Proof.Read(real, System.Text.Encoding.UTF8.GetBytes(text)), typeof(CertificateException));
    }

    private static readonly Instant At = Instant.Parse("2026-11-01T00:00:00.000Z");

    private static readonly StoredWebhook Email = new(3, "mailto:a@e.example", ["cap.reached"], ["acme"],
        [new("whsec_x", At, null, [0, 1, 2]), new("whsec_y", At, At, null)], null, null, At, At, At)
    {
        Email = new StoredEmail(At, null, [At]),
    };

    [Fact]
    public void Altered_stored_webhooks_are_read_or_refused() => Fuzz(
        [System.Text.Encoding.UTF8.GetString(Email.Write(new SecretSeal(null)))],
        text => StoredWebhook.Parse(System.Text.Encoding.UTF8.GetBytes(text)), typeof(JsonException));

    [Fact]
    public void Altered_questions_are_read_or_refused() => Fuzz(
        [
            """
            {"outcome_type":"support.resolution","quantity":1,"agent":"a","channel":"c","workflow":"w","session":"s",
            "record":true}
            """,
            """{"activity":"tool.call","quantity":3}""",
        ],
        text => QuestionReader.Read(System.Text.Encoding.UTF8.GetBytes(text)), typeof(ProblemException));

    /// <summary>Nothing but what was sealed is opened.</summary>
    [Fact]
    public async Task Altered_sessions_and_links_let_nobody_in()
    {
        var (sessions, store) = (_gateway.Services.GetRequiredService<Sessions>(),
            _gateway.Services.GetRequiredService<IStore>());
        var admin = _gateway.Services.GetRequiredService<KeyRing>().Find(
            _gateway.Admin.DefaultRequestHeaders.Authorization!.ToString())!;
        var session = sessions.Open(admin);
        var (code, _) = sessions.Make(admin, "finance", ["acme"], "/console");
        Assert.NotNull(await sessions.Find(session, store, default));
        Assert.NotNull(await sessions.Look(code, default));
        Fuzz([session], text => Assert.True(text == session || Get(sessions.Find(text, store, default)) is null, text));
        Fuzz([code], text => Assert.True(text == code || Get(sessions.Look(text, default)) is null, text));

        static T Get<T>(Task<T> task) => task.GetAwaiter().GetResult();
    }

    [Fact]
    public void Altered_links_of_mails_prove_nothing()
    {
        var links = new EmailLinks(new MeteringSettings());
        foreach (var (purpose, link) in (Dictionary<string, string>)new()
        {
            ["confirm"] = links.Confirm("acme/@x", Email), ["unsubscribe"] = links.Unsubscribe("acme/@x", Email),
        })
        {
            var token = link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..];
            Assert.True(EmailLinks.Proves(token, purpose, Email));
            Fuzz([token], text => Assert.True(text == token || !EmailLinks.Proves(text, purpose, Email), text));
        }
    }

    private static void Fuzz(string[] samples, Action<string> read, Type? refusal = null)
    {
        foreach (var sample in samples) TryRead(sample, read, null);
        var random = new Random(20261129);
        for (var i = 0; i < Mutations.Count; i++)
        {
            var text = Mutations.Of(samples[random.Next(samples.Length)], random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            TryRead(text, read, refusal);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < Once + (long)Each * text.Length, $"#{i}: {allocated} bytes for {text}");
        }
    }

    private static void TryRead(string text, Action<string> read, Type? refusal)
    {
        try
        {
            read(text);
        }
        catch (Exception e) when (refusal?.IsInstanceOfType(e) == true)
        {
            // Refused in its own way.
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(text, e);
        }
    }
}
