using System.Text;

namespace MeteringGateway.Api.Tests;

public class EventTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private const string Many = "application/cloudevents-batch+json";
    private const string Lines = "application/x-ndjson";

    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task One_event_is_new_then_a_duplicate_then_a_conflict() // I1
    {
        await _gateway.Tenant("single");
        var made = await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome("c-1", "single"))
            .Is(HttpStatusCode.Created);
        Assert.Equal(
            """{"id":"c-1","status":"accepted","outcome":{"id":"c-1","status":"pending","reason":null},"remaining":2}""", made.ToJsonString());
        // The same content in other bytes.
        var again = await _gateway.Admin.PostAs(One, "/v1/events",
            Report.Outcome("c-1", "single", """ "quantity":1,"metadata":{"a":1},"session":null """))
                .Is(HttpStatusCode.OK);
        Assert.Equal("duplicate", (string?)again["status"]);
        Assert.Equal(2, (int?)again["remaining"]);
        await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome("c-1", "single", """ "quantity":2 """))
            .IsProblem(HttpStatusCode.Conflict, "id_reused");
    }

    [Theory]
    [InlineData("""{"specversion":"1.0","id":"x","source":"/s","type":"outcome.reported","subject":"bad","data":{"outcome_type":"support.resolution","quantety":1}}""", 422, "/data/quantety")]
    [InlineData("""{"specversion":"1.0","id":"x","source":"/s","type":"outcome.confirmed","subject":"bad","data":{"outcome_id":"o","quantity":1}}""", 422, "/data/quantity")]
    [InlineData("""{"specversion":"1.0","id":"x","source":"/s","type":"outcome.sold","subject":"bad","data":{}}""", 422,
        "/type")]
    [InlineData("""{"specversion":"0.3","id":"x","source":"/s","type":"outcome.reported","subject":"bad","data":{"outcome_type":"a"}}""", 422, "/specversion")]
    [InlineData("""{"specversion":"1.0","source":"/s","type":"outcome.reported","subject":"bad","data":{"outcome_type":"a"}}""", 422, "/id")]
    [InlineData("""{"specversion":"1.0","id":"x","source":"/s","type":"outcome.reported","subject":"bad"}""", 422,
        "/data/outcome_type")]
    [InlineData("""{"specversion":"1.0","id":"x","id":"y","source":"/s","type":"outcome.reported","subject":"bad","data":{"outcome_type":"a"}}""", 422, "/id")]
    [InlineData("""{"specversion":"1.0","id":"x","source":"/s","type":"outcome.reported","subject":"bad","Extension":1,"data":{"outcome_type":"a"}}""", 422, "/Extension")]
    [InlineData("""{"specversion":"1.0","id":"x","source":"/s","type":"outcome.reported","subject":"bad","data":{"outcome_type":"a","agent":"x","agent":"x"}}""", 422, "/data/agent")]
    [InlineData("""{"specversion":"1.0","id":"x","source":"/s","type":"outcome.reported","subject":"bad","data":{"outcome_type":"a","quantity":1000001}}""", 422, "/data/quantity")]
    [InlineData("""{"specversion":"1.0","id":"x","source":"/s","type":"outcome.reported","subject":"bad","data":{"outcome_type":"a","quantity":"1"}}""", 400, "/data/quantity")]
    [InlineData("""{"specversion":"1.0","id":"x","source":"/s","type":"outcome.reported","subject":"bad","data":{"outcome_type":"a","result":"won"}}""", 422, "/data/result")]
    [InlineData("""{"specversion":"1.0","id":"x","source":"/s","type":"outcome.reported","subject":"bad","data":{"outcome_type":"a","verification":{"passed":true}}}""", 422, "/data/verification/method")]
    [InlineData("""{"specversion":"1.0","id":"x","source":"/s","type":"outcome.reported","subject":"bad","data":{"outcome_type":"a","verification":{"method":"llm","confidence":1.01}}}""", 422, "/data/verification/confidence")]
    [InlineData("""{"specversion":"1.0","id":"x","source":"/s","type":"outcome.reported","subject":"bad","data":{"outcome_type":"a","session":"a\nb"}}""", 422, "/data/session")]
    [InlineData("""{"specversion":"1.0","id":"x","source":"/s","type":"outcome.verdict","subject":"bad","data":{"outcome_id":"o","verdict":"fine"}}""", 422, "/data/verdict")]
    [InlineData("""{"specversion":"1.0","id":"x","source":"/s","type":"outcome.reported","subject":"bad","time":"2026-11-21","data":{"outcome_type":"a"}}""", 422, "/time")]
    [InlineData("""{"specversion":"1.0","id":"x","source":"/s","type":"outcome.reported","subject":"bad","data":[]}""",
        400, "/data")]
    [InlineData("[]", 400, "")]
    [InlineData("", 400, "")]
    [InlineData("""{"specversion":"1.0" """, 400, "")]
    [InlineData("""{"specversion":"1.0","id":"\ud800"}""", 400, "")]
    public async Task A_malformed_event_is_refused_by_pointer(string json, int status, string pointer)
    {
        var problem = await _gateway.Admin.PostAs(One, "/v1/events", json)
            .IsProblem((HttpStatusCode)status, "malformed_event");
        Assert.Equal([pointer], problem.Pointers());
    }

    [Fact]
    public async Task Extensions_in_the_envelope_are_allowed_and_mean_nothing()
    {
        await _gateway.Tenant("extended");
        var json = Report.Outcome("e-1", "extended")
            .Replace("\"data\"",
                "\"traceparent\":\"00-ab\",\"partitionkey\":\"k\",\"datacontenttype\":\"application/json\",\"sampled\":true,\"data\"", StringComparison.Ordinal);
        await _gateway.Admin.PostAs(One, "/v1/events", json).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task One_bad_event_never_refuses_its_neighbours()
    {
        await _gateway.Tenant("batch");
        var batch =
            $"[{Report.Outcome("b-1", "batch")},{{\"a\":1}},7,{Report.Outcome("b-2", "nobody")},{Report.Outcome("b-1", "batch")},{Report.Outcome("b-3", "batch", "\"result\":\"escalated\"")}]";
        var answer = await _gateway.Admin.PostAs(Many, "/v1/events", batch).Is(HttpStatusCode.OK);
        Assert.Equal((2, 1, 3), ((int)answer["accepted"]!, (int)answer["duplicates"]!, (int)answer["rejected"]!));
        var results = answer["results"]!.AsArray();
        Assert.Equal(["accepted", "rejected", "rejected", "rejected", "duplicate", "accepted"],
            results.Select(result => (string)result!["status"]!));
        Assert.Equal([0, 1, 2, 3, 4, 5], results.Select(result => (int)result!["index"]!));
        Assert.Equal(["malformed_event", "malformed_event", "unknown_tenant"],
            results.Where(result => result!["problem"] is not null)
                .Select(result => (string)result!["problem"]!["code"]!));
        Assert.Equal("escalated", (string?)results[5]!["outcome"]!["reason"]);

        var rejected = await _gateway.Admin.PostAs(Many, "/v1/events?results=rejected", batch).Is(HttpStatusCode.OK);
        Assert.Equal(3, rejected["results"]!.AsArray().Count);
        Assert.Equal(3, (int?)rejected["duplicates"]);
        await _gateway.Admin.PostAs(Many, "/v1/events", "{}").IsProblem(HttpStatusCode.BadRequest, "malformed");
        await _gateway.Admin.PostAs(Many, "/v1/events", "[{}").IsProblem(HttpStatusCode.BadRequest, "malformed");
        Assert.Equal("""{"results":[],"accepted":0,"duplicates":0,"rejected":0}""",
            (await _gateway.Admin.PostAs(Many, "/v1/events", "[]").Is(HttpStatusCode.OK)).ToJsonString());
    }

    [Fact]
    public async Task Lines_that_cannot_be_read_are_one_refusal_each_also_the_last_when_it_is_cut_off()
    {
        await _gateway.Tenant("lines");
        var huge = "{\"a\":\"" + new string('x', 300_000) + "\"}";
        var text =
            $"{Report.Outcome("l-1", "lines")}\r\n\n{huge}\nnot json\n{Report.Outcome("l-2", "lines")}\n{Report.Outcome("l-3", "lines")[..40]}";
        var answer = await _gateway.Admin.PostAs(Lines, "/v1/events", text).Is(HttpStatusCode.OK);
        Assert.Equal(["accepted", "rejected", "rejected", "accepted", "rejected"],
            answer["results"]!.AsArray().Select(result => (string)result!["status"]!));
        Assert.Equal("too_large", (string?)answer["results"]![1]!["problem"]!["code"]);
        Assert.Equal("malformed_event", (string?)answer["results"]![4]!["problem"]!["code"]);
    }

    /// <summary>What is kept as it came is read back by whoever lists outcomes: it must be what they take.</summary>
    [Theory]
    [InlineData("""{"a":1,"a":2}""", "a")]
    [InlineData("""{"a":1,"\u0061":2}""", "a")]
    [InlineData("""{"x":{"b":1,"c":{"b":3},"b":1}}""", "b")]
    [InlineData("""{"a":[{"c":1},{"c":1,"d":[],"c":1}]}""", "c")]
    public async Task Metadata_with_a_member_twice_in_one_object_is_refused(string metadata, string name)
    {
        var one = Report.Outcome("m", "t", $"\"metadata\":{metadata}");
        var problem = await _gateway.Admin.PostAs(One, "/v1/events", one)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "malformed_event");
        Assert.Equal(["/data/metadata"], problem.Pointers());
        Assert.Contains($"'{name}' twice", (string?)problem["detail"], StringComparison.Ordinal);
        // A reader is used again: what one event had says nothing of the next.
        var many = $"{one}\n{Report.Outcome("n", "t", """ "metadata":{"a":{"a":1},"b":[{"a":1},{"a":2}]} """)}";
        var answer = await _gateway.Admin.PostAs(Lines, "/v1/events", many).Is(HttpStatusCode.OK);
        Assert.Equal(["malformed_event", "unknown_tenant"],
            answer["results"]!.AsArray().Select(result => (string?)result!["problem"]!["code"]));
    }

    [Fact]
    public async Task A_name_is_the_same_with_escapes_and_without()
    {
        await _gateway.Tenant("escaped", """{"currency":"USD","outcome_types":[{"id":"support.resolution"}]}""");
        await _gateway.Admin.Post("/v1/tenants/escaped/outcomes",
            """{"outcome\u005ftype":"support.resolution","\u0069d":"e-1","success_criteri\u0061_met":["a"]}""")
            .Is(HttpStatusCode.Created);
        Assert.Equal("/outcome_type", Assert.Single((await _gateway.Admin.Post("/v1/tenants/escaped/outcomes",
            """{"outcome_type":"support.resolution","outcome\u005ftype":"support.resolution"}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "malformed_event")).Pointers()));
    }

    [Fact]
    public async Task An_extension_that_is_there_twice_is_refused()
    {
        var twice = """{"traceid":"1","traceid":"2",""" + Report.Outcome("x", "t")[1..];
        Assert.Contains("/traceid", (await _gateway.Admin.PostAs(One, "/v1/events", twice)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "malformed_event")).Pointers());
    }

    [Fact]
    public async Task A_body_or_an_event_that_is_too_large_is_refused()
    {
        await _gateway.Admin.PostAs(One, "/v1/events", "{\"a\":\"" + new string('x', 300_000) + "\"}")
            .IsProblem(HttpStatusCode.RequestEntityTooLarge, "too_large");
        await using var small = await Gateway.Start(new() { ["Metering:Limits:BodyBytes"] = "1000" });
        await small.Admin.PostAs(Many, "/v1/events", "[" + new string(' ', 2000) + "]")
            .IsProblem(HttpStatusCode.RequestEntityTooLarge, "too_large");
        var deep = Report.Outcome("d", "t",
            "\"metadata\":" + string.Concat(Enumerable.Repeat("{\"a\":", 40)) + "1" + new string('}', 40));
        await _gateway.Admin.PostAs(One, "/v1/events", deep).IsProblem(HttpStatusCode.BadRequest, "malformed_event");
        var wide = Report.Outcome("w", "t", "\"metadata\":{\"a\":\"" + new string('x', 4096) + "\"}");
        Assert.Equal(["/data/metadata"],
            (await _gateway.Admin.PostAs(One, "/v1/events", wide)
                .IsProblem(HttpStatusCode.UnprocessableEntity, "malformed_event")).Pointers());
    }

    [Fact]
    public async Task A_long_stream_is_taken_whole_in_order_and_in_constant_memory()
    {
        const int count = 50_000;
        await _gateway.Tenant("stream", """{"currency":"USD","outcome_types":[{"id":"support.resolution"}]}""");
        using var request = new HttpRequestMessage(HttpMethod.Post,
            new Uri("/v1/events", UriKind.Relative)) { Content = new Generated(count) };
        using var response = await _gateway.Admin.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var answer = (await JsonNode.ParseAsync(await response.Content.ReadAsStreamAsync()))!;
        Assert.Equal(count, (int?)answer["accepted"]);
        Assert.Equal(Enumerable.Range(0, count), answer["results"]!.AsArray().Select(result => (int)result!["index"]!));
        var usage = await _gateway.Admin.Get("/v1/tenants/stream/usage").Is(HttpStatusCode.OK);
        Assert.Equal(count, (int?)usage["activities"]!.AsArray()
            .Single(one => (string?)one!["id"] == "ticket")!["reported"]);
    }

    [Fact]
    public async Task Whoever_waits_for_an_answer_before_sending_more_gets_it()
    {
        await _gateway.Tenant("dialogue");
        using var talk = await RawCall.Open(_gateway, "POST", "/v1/events", Lines);
        await talk.Say(Report.Outcome("t-1", "dialogue") + "\n");
        Assert.StartsWith("HTTP/1.1 200", await talk.HearUntil("\"t-1\""), StringComparison.Ordinal);
        await talk.Say(Report.Outcome("t-2", "dialogue") + "\n");
        await talk.End();
        Assert.Contains("\"accepted\":2,", await talk.HearUntil("\"rejected\":0}"), StringComparison.Ordinal);
    }

    /// <summary>Lines that are made as they are sent.</summary>
    private sealed class Generated : HttpContent
    {
        private readonly int _count;

        public Generated(int count)
        {
            _count = count;
            Headers.TryAddWithoutValidation("Content-Type", Lines);
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var i = 0; i < _count; i++)
                await stream.WriteAsync(
                    Encoding.UTF8.GetBytes(Report.Event("activity.reported", $"a-{i}", "stream",
                        """ "activity":"ticket" """) + "\n"));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
