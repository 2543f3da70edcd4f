using CloudNative.CloudEvents;
using CloudNative.CloudEvents.Http;
using CloudNative.CloudEvents.SystemTextJson;

namespace MeteringGateway.Api.Tests;

/// <summary>CloudEvents over HTTP, binary mode beside the structured one (HTTP protocol binding, 3).</summary>
public class CloudEventTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private const string Data = """{"outcome_type":"support.resolution"}""";

    private readonly Gateway _gateway = started.Gateway;

    [Theory]
    [InlineData("plain", "/helpdesk")]
    [InlineData("a \"b\" \\ c", "/help%20desk")]
    [InlineData("100% é 🎉 日本", "https://desk.example/a?b=%2F#c")]
    [InlineData("%C3%A9", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66")]
    [InlineData("\"", "/'")]
    [InlineData("a,b;c=d", "/a,b")]
    public async Task What_another_implementation_sends_in_either_form_is_one_event(string id, string source) // I1
    {
        await _gateway.Admin.Put("/v1/plans/forms",
            """{"currency":"USD","outcome_types":[{"id":"support.resolution"}]}""");
        await _gateway.Admin.Put("/v1/tenants/forms", """{"name":"x","plan":"forms"}""");
        var sent = new CloudEvent
        {
            Id = id,
            Source = new Uri(source, UriKind.RelativeOrAbsolute),
            Type = "outcome.reported",
            Subject = "forms",
            Time = new DateTimeOffset(2026, 11, 21, 10, 30, 0, 123, TimeSpan.FromHours(1)),
            DataContentType = "application/json",
            Data = new { outcome_type = "support.resolution", session = id },
            ["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        };
        var statuses = new List<HttpStatusCode>();
        foreach (var mode in new[] { ContentMode.Binary, ContentMode.Structured, ContentMode.Binary })
        {
            using var content = sent.ToHttpContent(mode, new JsonEventFormatter());
            using var response = await _gateway.Admin.PostAsync(new Uri("/v1/events", UriKind.Relative), content);
            statuses.Add(response.StatusCode);
        }
        Assert.Equal([HttpStatusCode.Created, HttpStatusCode.OK, HttpStatusCode.OK], statuses);
        var outcome = await _gateway.Admin.Get($"/v1/tenants/forms/outcomes/{Uri.EscapeDataString(id)}")
            .Is(HttpStatusCode.OK);
        Assert.Equal((id, id, "2026-11-21T09:30:00.123Z"),
            ((string?)outcome["outcome_id"], (string?)outcome["session"], (string?)outcome["timestamp"]));
        using var batch = new[] { sent }.ToHttpContent(new JsonEventFormatter());
        using var again = await _gateway.Admin.PostAsync(new Uri("/v1/events", UriKind.Relative), batch);
        Assert.Equal(1, (int?)(await again.Json())["duplicates"]);
    }

    [Theory]
    [InlineData("b-é", "b-%C3%A9")]
    [InlineData("b-é", "b-%c3%a9")]
    [InlineData("b-é", "%62%2D%C3%A9")]
    [InlineData("a b", "\"a b\"")]
    [InlineData("a b", "\"a%20b\"")]
    [InlineData("say \"hi\"", "\"say \\\"hi\\\"\"")]
    [InlineData("back\\slash", "\"back\\\\slash\"")]
    [InlineData("back\\slash", "back\\slash")]
    [InlineData("%41", "%2541")] // one round
    [InlineData("say \"hi\"", "say \"hi\"")] // quotes within are quotes
    public async Task A_fields_value_is_unquoted_and_then_decoded_once(string id, string field) // 3.1.3.2
    {
        var tenant = $"t-{Guid.NewGuid():n}";
        await _gateway.Tenant(tenant);
        var made = await _gateway.Admin.Post("/v1/events", Data, Fields(tenant, ("ce-id", field)))
            .Is(HttpStatusCode.Created);
        Assert.Equal(id, (string?)made["id"]);
        await _gateway.Admin.PostAs(One, "/v1/events", Structured(id, tenant)).Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("ce-id", "a%2", "/id")]
    [InlineData("ce-id", "a%zz", "/id")]
    [InlineData("ce-id", "100%", "/id")]
    [InlineData("ce-id", "%C0%A0", "/id")] // an overlong space: the binding's own example
    [InlineData("ce-id", "%ED%A0%80", "/id")]
    [InlineData("ce-id", "%ff", "/id")]
    [InlineData("ce-id", "%00", "/id")]
    [InlineData("ce-id", "%0A", "/id")]
    [InlineData("ce-id", "", "/id")]
    [InlineData("ce-id", "\"\"", "/id")]
    [InlineData("ce-id", "\"open", "/id")]
    [InlineData("ce-id", "\"open\\\"", "/id")]
    [InlineData("ce-id", "\"one\" two", "/id")]
    [InlineData("ce-id", "..", "/id")]
    [InlineData("Ce-Source", "%", "/source")]
    [InlineData("ce-subject", "%zz", "/subject")]
    [InlineData("ce-type", "%zz", "/type")]
    [InlineData("ce-type", "outcome.sold", "/type")]
    [InlineData("ce-time", "noon", "/time")]
    [InlineData("ce-time", "%zz", "/time")]
    [InlineData("ce-specversion", "0.3", "/specversion")]
    [InlineData("ce-traceparent", "%zz", "/traceparent")] // also what is not for us
    [InlineData("ce-data", "{}", "/data")]
    [InlineData("ce-no_name", "x", "/no_name")]
    public async Task A_field_that_is_no_attribute_is_refused_by_pointer(string name, string value, string pointer)
    {
        await There("fields");
        var problem = await _gateway.Admin.Post("/v1/events", Data, Fields("fields", (name, value)))
            .IsProblem(HttpStatusCode.UnprocessableEntity, "malformed_event");
        Assert.Equal([pointer], problem.Pointers());
    }

    public static TheoryData<string, string> MembersOfData() => new()
    {
        { "session", "\"s-1\"" }, { "agent", "\"bot\"" }, { "channel", "\"chat\"" }, { "workflow", "\"refund\"" },
        { "quantity", "3" }, { "result", "\"failed\"" }, { "sandbox", "true" }, { "reservation", "\"r1\"" },
        { "handed_off", "true" }, { "outcome_id", "\"o-1\"" }, { "end_customer", "\"u\"" },
        { "source_url", "\"https://x.example\"" }, { "success_criteria_met", "\"a\"" }, { "verification", "\"auto\"" },
        { "metadata", "\"m\"" },
    };

    /// <summary>
    /// Extensions may have any name, and count for nothing: what was meant for data would be lost unsaid.
    /// </summary>
    [Theory]
    [MemberData(nameof(MembersOfData))]
    public async Task A_member_of_data_that_stands_beside_it_is_refused_in_every_form(string member, string value)
    {
        await There("beside");
        var extension = member.Replace("_", "", StringComparison.Ordinal);
        var (id, plain) = ($"b-{member}", value.Trim('"'));
        var beside = Structured(id, "beside").Insert(1, $"\"{extension}\":{value},");
        foreach (var problem in new[]
        {
            await _gateway.Admin.PostAs(One, "/v1/events", beside)
                .IsProblem(HttpStatusCode.UnprocessableEntity, "malformed_event"),
            await _gateway.Admin.PostAs(One, "/v1/events", Structured(id, "beside").TrimEnd()[..^1]
                + $",\"{extension}\":{value}}}").IsProblem(HttpStatusCode.UnprocessableEntity, "malformed_event"),
            (await _gateway.Admin.PostAs("application/cloudevents-batch+json", "/v1/events", $"[{beside}]").Json())
                ["results"]![0]!["problem"]!.AsObject(),
            await _gateway.Admin.Post("/v1/events", Data,
                Fields("beside", ("ce-id", id), ($"Ce-{extension}", plain)))
                .IsProblem(HttpStatusCode.UnprocessableEntity, "malformed_event"),
        })
        {
            Assert.Equal([$"/{extension}"], problem.Pointers());
            Assert.Contains($"it goes into data, as data.{member}", (string?)problem["detail"],
                StringComparison.Ordinal);
        }
        await _gateway.Admin.Get($"/v1/tenants/beside/outcomes/{id}")
            .IsProblem(HttpStatusCode.NotFound, "unknown_outcome");
    }

    [Theory]
    [InlineData("session", "\"s-1\"", "\"session\":\"s-1\"")] // a copy, for whoever routes without reading data
    [InlineData("session", "\"a route\"", "\"session\":\"s-1\"")] // or an extension of that name
    [InlineData("session", "null", "\"agent\":\"bot\"")] // as if it were not there
    [InlineData("activity", "\"mail\"", "\"agent\":\"bot\"")] // nothing that this type of event counts
    [InlineData("verdict", "\"accepted\"", "\"agent\":\"bot\"")]
    [InlineData("partitionkey", "\"s-1\"", "\"agent\":\"bot\"")]
    [InlineData("sequence", "\"1\"", "\"agent\":\"bot\"")]
    public async Task An_extension_that_takes_nothing_from_data_is_left_alone(string name, string value, string member)
    {
        await There("extended");
        var id = $"e-{name}-{value.Length}";
        await _gateway.Admin.PostAs(One, "/v1/events", Structured(id, "extended").Insert(1, $"\"{name}\":{value},")
            .Replace("\"outcome_type\"", $"{member},\"outcome_type\"", StringComparison.Ordinal))
            .Is(HttpStatusCode.Created);
        var outcome = await _gateway.Admin.Get($"/v1/tenants/extended/outcomes/{id}").Is(HttpStatusCode.OK);
        Assert.Equal(member.Contains("session", StringComparison.Ordinal) ? "s-1" : null, (string?)outcome["session"]);
    }

    [Theory]
    [InlineData("ce-specversion")]
    [InlineData("ce-id")]
    [InlineData("ce-source")]
    [InlineData("ce-type")]
    [InlineData("ce-subject")]
    public async Task An_attribute_must_be_there_once(string name)
    {
        var without = Fields("fields").Where(field => field.Name != name).ToArray();
        Assert.Equal([name.Replace("ce-", "/", StringComparison.Ordinal)],
            (await _gateway.Admin.Post("/v1/events", Data, without)
                .IsProblem(HttpStatusCode.UnprocessableEntity, "malformed_event")).Pointers());
        using var call = await RawCall.Open(_gateway, "POST", "/v1/events", string.Join("\r\n",
            Fields("fields").Append((name, "x")).Select(field => $"{field.Item1}: {field.Item2}")
                .Prepend("application/json")));
        await call.Say(Data);
        await call.End();
        Assert.Contains($"(the field {name}) is there twice", await call.HearUntil("\"detail\""),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_content_type_alone_says_where_the_attributes_are()
    {
        await _gateway.Tenant("modes");
        // An event in one piece may have its attributes in fields as well, as some implementations send it.
        await _gateway.Admin.PostAs($"{One}; charset=utf-8", "/v1/events", Structured("m-1", "modes"), Fields("other"))
            .Is(HttpStatusCode.Created);
        await _gateway.Admin.PostAs("application/json; charset=\"UTF-8\"", "/v1/events", Data,
            Fields("modes", ("ce-id", "m-2"))).Is(HttpStatusCode.Created);
        await _gateway.Admin.Post("/v1/events", Structured("m-3", "modes"))
            .IsProblem(HttpStatusCode.BadRequest, "malformed");
        await _gateway.Admin.PostAs("text/plain", "/v1/events", Data, Fields("modes"))
            .IsProblem(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        await _gateway.Admin.PostAs($"{One}; charset=iso-8859-1", "/v1/events", Structured("m-4", "modes"))
            .IsProblem(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
    }

    private async Task There(string tenant)
    {
        await _gateway.Admin.Put("/v1/plans/fields", Gateway.Plan);
        await _gateway.Admin.Put($"/v1/tenants/{tenant}", """{"name":"x","plan":"fields"}""");
    }

    private static string Structured(string id, string tenant) => new JsonObject
    {
        ["specversion"] = "1.0",
        ["id"] = id,
        ["source"] = "/helpdesk",
        ["type"] = "outcome.reported",
        ["subject"] = tenant,
        ["data"] = JsonNode.Parse(Data),
    }.ToJsonString();

    private static (string Name, string Value)[] Fields(string tenant, params (string Name, string Value)[] other)
    {
        (string Name, string Value)[] all = [("ce-specversion", "1.0"), ("ce-id", "f-1"), ("ce-source", "/helpdesk"),
            ("ce-type", "outcome.reported"), ("ce-subject", tenant)];
        return [.. all.Where(one => !other.Any(field => field.Name.Equals(one.Name,
            StringComparison.OrdinalIgnoreCase))), .. other];
    }
}
