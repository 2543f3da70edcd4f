using System.Text;

namespace MeteringGateway.Api.Tests;

/// <summary>N4: what a caller sends never comes back many times as large.</summary>
public sealed class ProblemSizeTests : IAsyncLifetime
{
    private const string Batch = "application/cloudevents-batch+json";
    private const string Stream = "application/x-ndjson";
    private Gateway _gateway = null!;

    // Nothing moves the clock here, so that a pace would never end.
    public async Task InitializeAsync() =>
        _gateway = await Gateway.Start(new() { ["Metering:Limits:EventsPerSecond"] = "0" });

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Theory]
    [InlineData("/v1/plans/long", "PUT", "application/json", 4_000_000)]
    [InlineData("/v1/events", "POST", "application/cloudevents+json", 200_000)]
    [InlineData("/v1/events", "POST", Batch, 200_000)]
    public async Task N4_a_name_is_repeated_up_to_256_characters_and_its_length(string path, string method, string type,
        int length)
    {
        var name = new string('x', length);
        var body = $"{{\"{name}\":1}}";
        if (type == Batch) body = $"[{body}]";
        using var response = await _gateway.Admin.Send(new HttpMethod(method), path, body, type);
        var said = await response.Content.ReadAsStringAsync();

        Assert.InRange(said.Length, 1, 2_000);
        Assert.Contains($"({length} characters)", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task N4_a_document_with_much_wrong_is_told_a_hundred_things_and_how_many_more()
    {
        var commitments = string.Join(',', Enumerable.Repeat("""{"per":"week"}""", 100));
        var types = string.Join(',', Enumerable.Repeat("{}", 100));
        var problem = await _gateway.Admin.Put("/v1/plans/wrong",
            $$"""{"currency":"USD","outcome_types":[{{types}}],"commitments":[{{commitments}}]}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");

        var errors = problem["errors"]!.AsArray();
        Assert.Equal(101, errors.Count);
        Assert.Matches("^and [0-9]+ more are not valid$", (string?)errors[^1]!["detail"]);
    }

    [Fact]
    public async Task N4_a_batch_has_so_many_events()
    {
        var body = "[" + string.Join(',', Enumerable.Repeat("1", 50_001)) + "]";
        await _gateway.Admin.PostAs(Batch, "/v1/events", body)
            .IsProblem(HttpStatusCode.RequestEntityTooLarge, "too_large");
    }

    [Theory]
    [InlineData(Batch)]
    [InlineData(Stream)]
    public async Task N4_after_a_thousand_refusals_what_is_no_event_is_counted(string type)
    {
        const int lines = 50_000;
        var body = type == Batch ? "[" + string.Join(',', Enumerable.Repeat("1", lines)) + "]"
            : string.Join('\n', Enumerable.Repeat("1", lines));
        using var response = await _gateway.Admin.PostAs(type, "/v1/events", body);
        var text = await response.Content.ReadAsStringAsync();
        var answer = JsonNode.Parse(text)!;

        Assert.Equal((lines, 1_000, lines - 1_000), ((int)answer["rejected"]!, answer["results"]!.AsArray().Count,
            answer["unlisted"]!.AsObject().Sum(code => (int)code.Value!)));
        Assert.InRange(text.Length, 1, 500_000);
    }

    [Fact]
    public async Task T4_after_a_thousand_refusals_every_event_that_has_an_id_is_still_told()
    {
        var body = new StringBuilder();
        for (var i = 0; i < 1_500; i++) body.Append(Report.Outcome($"e{i}", "nobody")).Append('\n');
        var answer = await _gateway.Admin.PostAs(Stream, "/v1/events?results=rejected", body.ToString())
            .Is(HttpStatusCode.OK);

        var results = answer["results"]!.AsArray();
        Assert.Equal(1_500, results.Count);
        Assert.Equal("e1499", (string?)results[^1]!["id"]);
        Assert.Equal(("unknown_tenant", "Not explained again."),
            ((string?)results[^1]!["problem"]!["code"], (string?)results[^1]!["problem"]!["detail"]));
        Assert.Null(answer["unlisted"]);
    }
}
