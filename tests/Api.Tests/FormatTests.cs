using System.Runtime.CompilerServices;
using System.Text;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Outcomes;
using MeteringGateway.Api.Problems;
using MeteringGateway.Core;

namespace MeteringGateway.Api.Tests;

/// <summary>The small formats that everything else stands on.</summary>
public class FormatTests
{
    [Theory]
    [InlineData("PT0S", 0)]
    [InlineData("PT72H", 259_200)]
    [InlineData("P3D", 259_200)]
    [InlineData("P1W", 604_800)]
    [InlineData("P1DT1H1M1.5S", 90_061.5)]
    public void A_duration_of_fixed_length_is_read(string text, double seconds)
    {
        Assert.True(Durations.TryParse(text, out var span));
        Assert.Equal(seconds, span.TotalSeconds);
        Assert.True(Durations.TryParse(Durations.Write(span), out var again));
        Assert.Equal(span, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("P")]
    [InlineData("PT")]
    [InlineData("P1M")]
    [InlineData("P1Y")]
    [InlineData("PT1H1H")]
    [InlineData("PT1S1H")]
    [InlineData("P1DT")]
    [InlineData("PT1.5H")]
    [InlineData("-PT1H")]
    [InlineData("PT.5S")]
    [InlineData("PT999999999999H")]
    public void Anything_else_is_no_duration(string text) => Assert.False(Durations.TryParse(text, out _));

    [Theory]
    [InlineData("$", "")]
    [InlineData("$.caps[0].limit", "/caps/0/limit")]
    [InlineData("$['a.b'].c", "/a.b/c")]
    [InlineData("$.a[10]['x/y~']", "/a/10/x~1y~0")]
    public void A_path_becomes_a_pointer(string path, string pointer) => Assert.Equal(pointer, Pointers.FromPath(path));

    [Fact]
    public void Every_refusal_has_a_status() =>
        Assert.All(Enum.GetValues<Refusal>(), code => Assert.InRange(Refusals.Status(code), 400, 499));

    [Fact]
    public void Every_kind_of_entry_can_be_shown() =>
        Assert.All(
            typeof(Entry).GetNestedTypes().Where(kind => kind.IsSubclassOf(typeof(Entry))),
            kind =>
                Assert.DoesNotContain(
                    EntryJson.TypeOf((Entry)RuntimeHelpers.GetUninitializedObject(kind), "USD").Properties,
                    member => member.Name is "at" or "actor"));

    [Fact]
    public void An_event_that_differs_in_any_member_that_matters_has_another_fingerprint() // I1
    {
        string[] contents =
        [
            "", "\"outcome_id\":\"b\"", "\"quantity\":2", "\"result\":\"failed\"", "\"session\":\"ab\"",
            "\"session\":\"a\",\"agent\":\"b\"", "\"agent\":\"ab\"",
            "\"channel\":\"ab\"", "\"workflow\":\"ab\"", "\"reservation\":\"ab\"", "\"success_criteria_met\":[\"ab\"]",
            "\"success_criteria_met\":[\"a\",\"b\"]",
            "\"handed_off\":true", "\"sandbox\":true", "\"verification\":{\"method\":\"m\"}",
            "\"verification\":{\"method\":\"m\",\"passed\":false}",
            "\"verification\":{\"method\":\"m\",\"confidence\":1}",
            "\"verification\":{\"method\":\"m\",\"confidence\":0}",
        ];
        var fingerprints = contents.Select(content => Read(Report.Outcome("x", "t", content)).Fingerprint)
            .Append(
                Read(Report.Outcome("x", "t")
                    .Replace("\"data\"", "\"time\":\"2026-11-21T00:00:00Z\",\"data\"",
                        StringComparison.Ordinal)).Fingerprint)
            .Append(
                Read(Report.Event("activity.reported", "x", "t", "\"activity\":\"support.resolution\"")).Fingerprint)
                    .ToList();
        Assert.Equal(fingerprints.Count, fingerprints.Distinct().Count());
    }

    [Fact]
    public void What_does_not_matter_to_billing_does_not_change_the_fingerprint()
    {
        var plain = Read(Report.Outcome("x", "t", "\"success_criteria_met\":[\"a\",\"b\"]")).Fingerprint;
        string[] same =
        [
            "\"success_criteria_met\":[\"b\",\"a\"],\"quantity\":1,\"result\":\"success\",\"session\":null",
            "\"success_criteria_met\":[\"a\",\"b\"],\"metadata\":{\"a\":1},\"source_url\":\"https://a\",\"end_customer\":\"u\",\"outcome_id\":\"x\"",
        ];
        Assert.All(same, content => Assert.Equal(plain, Read(Report.Outcome("x", "t", content)).Fingerprint));
    }

    [Fact]
    public void Detail_is_kept_as_it_came_with_a_salt_of_its_own() // D2
    {
        var one = Read(Report.Outcome("x", "t", """ "metadata": {"a":  [1]} ,"end_customer":"\u0075-9" """)).Detail!;
        var two = Read(Report.Outcome("x", "t", """ "metadata": {"a":  [1]} ,"end_customer":"\u0075-9" """)).Detail!;
        Assert.Equal("""{"end_customer":"\u0075-9","metadata":{"a":  [1]}}""", Encoding.UTF8.GetString(one.Json));
        Assert.Equal("u-9", one.EndCustomer);
        Assert.Equal(16, one.Salt.Length);
        Assert.NotEqual(one.Salt, two.Salt);
        Assert.Null(Read(Report.Outcome("x", "t", "\"metadata\":{ }")).Detail);
    }

    [Fact]
    public void Strings_that_repeat_are_made_once()
    {
        var one = Read(Report.Outcome("x", "t", "\"agent\":\"fin-3\",\"session\":\"s\""));
        var two = Read(Report.Outcome("y", "t", "\"agent\":\"fin-3\",\"session\":\"s\""));
        Assert.Same(one.Dimensions.Agent, two.Dimensions.Agent);
        Assert.NotSame(one.Session, two.Session);
        Assert.Null(Words.Find("never seen"u8));
    }

    [Fact]
    public void Text_is_written_as_it_is_where_it_is_JSON()
    {
        var problem = Problem.Malformed("'a' + \"b\" <c> & ü 日本 \u0001");
        Assert.Contains("""
            "detail":"'a' + \"b\" <c> & ü 日本 \u0001"
            """, JsonSerializer.Serialize(problem, WireJson.Typed<Problem>()), StringComparison.Ordinal);
    }

    private static Command.Event Read(string json)
    {
        var read = new EventReader(new MeteringLimits()).Read(Encoding.UTF8.GetBytes(json));
        Assert.Null(read.Problem);
        return read.Command!;
    }

    /// <summary>Such metadata was taken once: whoever has it stored can read it.</summary>
    [Fact]
    public void Metadata_with_a_member_twice_is_read_as_it_is_stored()
    {
        var apart = Outcomes.Apart.Of(new Engine.OutcomeRow(null!,
            [.. """{"end_customer":"u-1","metadata":{"a":1,"a":[{"b":1,"b":2}]}}"""u8]));
        Assert.Equal(("u-1", """{"a":1,"a":[{"b":1,"b":2}]}"""),
            (apart.EndCustomer, JsonSerializer.Serialize(apart.Metadata)));
    }
}
