using MeteringGateway.Api.Allowance;
using MeteringGateway.Api.Certificates;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Requests;
using MeteringGateway.Api.Signals;
using MeteringGateway.Api.Webhooks;
using MeteringGateway.Core;
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

    [Fact]
    public void Altered_stored_webhooks_are_read_or_refused() => Fuzz(
        ["""
        {"Version":3,"Url":"https://e.example/","Types":["cap.reached"],"Tenants":["acme"],
        "Secrets":[{"Value":"whsec_x","MadeAt":"2026-11-01T00:00:00.000Z","Until":null,"Request":"AAEC"}]}
        """],
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

    private static void Fuzz(string[] samples, Action<string> read, Type? refusal = null)
    {
        foreach (var sample in samples) TryRead(sample, read, typeof(Exception));
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
