using System.Text.RegularExpressions;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;
using MeteringGateway.Core;
using Microsoft.AspNetCore.Http;

namespace MeteringGateway.Api.Tests;

/// <summary>The tables of <c>docs/agents.md</c> against the code: nothing is left out, and nothing is made up.</summary>
public sealed class AgentsPageTests
{
    private static readonly string Page = Repository.Read("docs/agents.md");

    [Fact]
    public void Each_type_of_event_is_told() => Same(EventTypes.All, Table("## Events"));

    [Fact]
    public void Each_result_is_told() => Same(
        Enum.GetValues<Reason>().Where(reason => reason is >= Reason.Escalated and < Reason.Reopened)
            .Select(Names<Reason>.Of).Append("success"), Table("## Results"));

    [Fact]
    public void Each_decision_reason_and_status_is_told()
    {
        Same(All<DecisionKind>().Concat(All<DecisionReason>()), Table("## Decisions"));
        var reasons = Enum.GetValues<Reason>()
            .Where(reason => reason is not (Reason.None or (>= Reason.Escalated and <= Reason.Reopened)));
        Same(All<OutcomeStatus>().Concat(reasons.Select(Names<Reason>.Of)).Append("reopened"),
            Table("## What an outcome comes to"));
        Same(All<SignalAction>(), Table("## Signals"));
        foreach (var word in All<Funding>().Concat(All<LimitState>()))
            Assert.Contains($"`{word}`", Section("## Decisions"), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_problem_code_is_told_with_its_status()
    {
        var told = Regex.Matches(Section("## Problem codes"), @"^\| `(\w+)` \| (\d+) \|", RegexOptions.Multiline)
            .ToDictionary(row => row.Groups[1].Value, row => int.Parse(row.Groups[2].Value));
        var made = Enum.GetValues<Refusal>()
            .Select(refusal => (Code: Names<Refusal>.Of(refusal), Status: Refusals.Status(refusal))).ToHashSet();
        foreach (var file in Directory.EnumerateFiles(Repository.File("src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)))
        {
            var source = File.ReadAllText(file);
            foreach (Match one in Regex.Matches(source, """StatusCodes\.Status(\d+)\w+,\s+"(\w+)",\s"""))
                made.Add((one.Groups[2].Value, int.Parse(one.Groups[1].Value)));
            foreach (Match one in Regex.Matches(source, """NotFound\("(\w+)","""))
                made.Add((one.Groups[1].Value, StatusCodes.Status404NotFound));
        }
        made.RemoveWhere(one => one.Code == "malformed_event"); // of both statuses
        Assert.Equal(422, told["malformed_event"]);
        told.Remove("malformed_event");
        Assert.Equal(made.Order().Select(one => $"{one.Code} {one.Status}"),
            told.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key} {one.Value}"));
    }

    [Fact]
    public async Task Each_header_of_an_answer_is_on_it_and_each_of_a_request_is_read()
    {
        var rows = Regex.Matches(Section("## Headers"), @"^\| (`.*?`) \| (.*?) \|", RegexOptions.Multiline)
            .SelectMany(row => Regex.Matches(row.Groups[1].Value, "`([A-Za-z-]+)`")
                .Select(name => (Name: name.Groups[1].Value, Of: row.Groups[2].Value))).ToList();
        Same(["Authorization", "Idempotency-Key", "Last-Event-ID", "traceparent"],
            rows.Where(row => row.Of.StartsWith("request", StringComparison.Ordinal)).Select(row => row.Name));
        await using var gateway = await Gateway.Start();
        await gateway.Tenant("headers", Gateway.Plan.Replace("\"units\":3", "\"units\":0", StringComparison.Ordinal));
        using var agent = await gateway.Role("agent", "headers");
        using var refused = await agent.Post("/v1/tenants/headers/check",
            """{"outcome_type":"support.resolution"}""");

        Same(rows.Where(row => row.Of.StartsWith("answer", StringComparison.Ordinal))
            .Select(row => row.Name.ToUpperInvariant()),
            refused.Headers.Select(header => header.Key.ToUpperInvariant())
                .Except(["DATE", "CACHE-CONTROL", "X-CONTENT-TYPE-OPTIONS", "TRANSFER-ENCODING"]));
    }

    private static IEnumerable<string> All<T>() where T : struct, Enum => Enum.GetValues<T>().Select(Names<T>.Of);

    private static void Same(IEnumerable<string> code, IEnumerable<string> page) =>
        Assert.Equal(code.Distinct().Order(StringComparer.Ordinal), page.Distinct().Order(StringComparer.Ordinal));

    /// <summary>What the first cells of the section's tables name.</summary>
    private static IEnumerable<string> Table(string heading) =>
        Regex.Matches(Section(heading), @"^\| (.*?) \|", RegexOptions.Multiline)
            .SelectMany(row => Regex.Matches(row.Groups[1].Value, "`([a-z_.]+)`")).Select(word => word.Groups[1].Value);

    private static string Section(string heading)
    {
        var from = Page.IndexOf($"\n{heading}\n", StringComparison.Ordinal);
        Assert.True(from >= 0, $"docs/agents.md has no {heading}");
        var end = Page.IndexOf("\n## ", from + 1, StringComparison.Ordinal);
        return Page[from..(end < 0 ? Page.Length : end)];
    }
}
