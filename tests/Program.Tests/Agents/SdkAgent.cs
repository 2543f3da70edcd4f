using System.Text.Json.Nodes;
using MeteringGateway.Sdk;
using Reservation = MeteringGateway.Sdk.Reservation;

namespace MeteringGateway.Program.Tests.Agents;

/// <summary>The SDK for .NET, as the other clients are driven by <c>behave.py</c> and <c>behave.ts</c>.</summary>
internal sealed class SdkAgent : Agent
{
    private readonly CancellationTokenSource _ending = new();
    private readonly Gate _gate = new();
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private MeteringClient _client = null!;
    private Reservation? _reservation;
    private Task _listening = Task.CompletedTask;
    private string _tenant = "";

    protected override async Task<JsonNode> Do(string what, JsonObject asked)
    {
        try
        {
            return await Does(what, name => asked[name]);
        }
        catch (MeteringUnavailableException)
        {
            return new JsonObject { ["unavailable"] = true };
        }
        catch (MeteringException e)
        {
            return Refused(e.Problem);
        }
    }

    public override void Dispose()
    {
        _ending.Cancel();
        _listening.ContinueWith(_ => { }, TaskScheduler.Default).Wait();
        _http.Dispose();
        _ending.Dispose();
    }

    private async Task<JsonNode> Does(string what, Func<string, JsonNode?> its) => what switch
    {
        "connect" => Connect((string)its("url")!, (string)its("key")!, (string)its("tenant")!,
            (double)its("patience")!),
        "check" => Plain(await _client.CheckAsync(_tenant, Question(its))),
        "check_activity" => Plain(await _client.CheckAsync(_tenant,
            new Question { Activity = (string)its("activity")! })),
        "reserve" => await Reserve(Question(its)),
        "release" => await Release(),
        "report" => One(await _client.ReportAsync(Report(its))),
        "report_held" => One(await _client.ReportAsync(Report(its) with { Reservation = _reservation!.Id })),
        "activity" => One(await _client.ReportAsync(
            new ActivityReport(_tenant, (string)its("activity")!) { Id = (string)its("id")! })),
        "confirm" => One(await _client.ConfirmAsync(_tenant, (string)its("id")!)),
        "reverse" => One(await _client.ReverseAsync(_tenant, (string)its("id")!,
            Enum.Parse<FactKind>((string)its("why")!, ignoreCase: true))),
        "send" => new JsonArray([.. (await _client.ReportBatchAsync(
            [.. its("events")!.AsArray().Select(e => Report(name => e![name]))])).Select(Result)]),
        "guard" => await Guard(its),
        "listen" => await Listen(),
        "until" => await Until(Question(its), (string)its("action")!),
        _ => throw new InvalidOperationException(what),
    };

    private JsonObject Connect(string url, string key, string tenant, double patience)
    {
        _tenant = tenant;
        _client = new MeteringClient(_http, new MeteringOptions
        {
            Address = new Uri(url), Key = key, Source = "/behaviour", AttemptTimeout = TimeSpan.FromSeconds(5),
            Attempts = int.MaxValue, RetryFor = TimeSpan.FromSeconds(patience),
        });
        return [];
    }

    private async Task<JsonObject> Reserve(Question question)
    {
        var decision = await _client.ReserveAsync(_tenant, question, TimeSpan.FromSeconds(60));
        _reservation = decision.Reservation;
        var plain = Plain(decision);
        plain["held"] = _reservation?.Quantity;
        return plain;
    }

    private async Task<JsonObject> Release()
    {
        await _client.ReleaseAsync(_tenant, _reservation!.Id);
        return [];
    }

    /// <summary>What guards in .NET is an allowance: a unit is held before it is used.</summary>
    private async Task<JsonObject> Guard(Func<string, JsonNode?> its)
    {
        await using var allowance = new Allowance(_client, its("gated") is null ? new Gate() : _gate, _tenant,
            Question(its), new AllowanceOptions
            {
                DeafAfter = TimeSpan.FromHours(1),
                OnUnavailable = (string)its("on_unavailable")! switch
                {
                    "allow" => OnUnavailable.Allow,
                    "handoff" => OnUnavailable.HandOff,
                    _ => OnUnavailable.Deny,
                },
            });
        var permit = await allowance.DecideAsync();
        allowance.Return(permit);
        return permit.MayAct ? new JsonObject { ["acted"] = true, ["word"] = "hello" }
            : new JsonObject
            {
                ["acted"] = false, ["action"] = Name(permit.Kind), ["reason"] = permit.Reason,
                ["queue"] = permit.Handoff?.To, ["word"] = "hello",
            };
    }

    private async Task<JsonObject> Listen()
    {
        _listening = _gate.ListenAsync(_client, [_tenant], _ending.Token);
        await Until(new Question { OutcomeType = "any" }, "allow");
        return new JsonObject { ["ready"] = true };
    }

    private async Task<JsonObject> Until(Question question, string action)
    {
        for (var i = 0; i < 400 && Name(_gate.Ask(_tenant, question).State) != action; i++) await Task.Delay(50);
        var answer = _gate.Ask(_tenant, question);
        return new JsonObject
        {
            ["action"] = Name(answer.State), ["reason"] = answer.Signal?.Reason ?? "ok",
            ["remaining"] = answer.MayAct ? null : 0, ["queue"] = answer.Signal?.Handoff?.To,
        };
    }

    private static Question Question(Func<string, JsonNode?> its) => new()
    {
        OutcomeType = (string?)its("type"), Quantity = (int?)its("quantity") ?? 1, Agent = (string?)its("agent"),
        Channel = (string?)its("channel"),
    };

    private OutcomeReport Report(Func<string, JsonNode?> its)
    {
        var report = new OutcomeReport(_tenant, (string)its("type")!)
        {
            Session = (string?)its("session"), Result = (string?)its("result"),
            Quantity = (int?)its("quantity") ?? 1,
        };
        return (string?)its("id") is { } id ? report with { Id = id } : report;
    }

    private static JsonObject Plain(Decision decision) => new()
    {
        ["action"] = Name(decision.Kind), ["reason"] = decision.Reason, ["remaining"] = decision.Remaining,
        ["queue"] = decision.Handoff?.To,
    };

    private static JsonObject One(EventResult result) =>
        result.Problem is { } problem ? Refused(problem) : Result(result);

    private static JsonObject Result(EventResult result) => new()
    {
        ["status"] = result.Status.ToString().ToLowerInvariant(), ["outcome"] = result.Outcome?.Status,
        ["reason"] = result.Outcome?.Reason, ["code"] = result.Problem?.Code,
    };

    private static JsonObject Refused(Problem problem) =>
        new() { ["problem"] = problem.Code, ["status"] = problem.Status };

    private static string Name(DecisionKind kind) => kind.ToString().ToLowerInvariant();

    private static string Name(GateState state) => state switch
    {
        GateState.Open => "allow",
        GateState.Paused => "pause",
        GateState.HandedOff => "handoff",
        _ => "unknown",
    };
}
