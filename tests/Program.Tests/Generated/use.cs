// What a person writes against the client that Kiota makes. Compiled by the test, together with that client.
using Metering.Generated;
using Metering.Generated.Models;
using Microsoft.Kiota.Abstractions;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;

var (address, key) = (args[0], args[1]);
var adapter = Adapter(key);
var client = new MeteringApi(adapter);
var acme = client.V1.Tenants["acme"];

var decision = (await acme.Check.PostAsync(new Check { OutcomeType = "support.resolution", Agent = "bot-1" }))!;
Say("check", decision.DecisionProp, decision.Reason, decision.Remaining, decision.Limit!.Id, decision.Limit.Used!.Units);

var taken = (await client.V1.Events.PostAsync(Report("c-1", "support.resolution")))!;
Say("event", taken.Status, taken.Id, taken.Outcome!.Status, taken.Outcome.Reason, taken.Remaining);

var batch = client.V1.Events.ToPostRequestInformation(new CloudEvent());
batch.Headers.Remove("Content-Type"); // an event's
batch.SetContentFromParsable(adapter, "application/cloudevents-batch+json",
    [Report("c-1", "support.resolution"), Report("c-2", "support.resolution"), Report("c-3", "nope")]);
var answer = (await adapter.SendAsync(batch, EventAnswer.CreateFromDiscriminatorValue))!;
Say("batch", answer.Accepted, answer.Duplicates, answer.Rejected);
foreach (var one in answer.Results!)
    Say("result", one.Index, one.Id, one.Status, one.Outcome?.Status, one.Problem?.Code, one.Problem?.Status);

decision = (await acme.Check.PostAsync(new Check { OutcomeType = "support.resolution" }))!;
Say("full", decision.DecisionProp, decision.Reason, decision.Remaining, decision.Handoff!.To);

try
{
    await acme.Check.PostAsync(new Check { OutcomeType = "nope", Quantity = 0 });
}
catch (Problem problem)
{
    Say("refused", problem.Status, problem.Code, problem.Errors![0].Pointer);
}
try
{
    await new MeteringApi(Adapter("nobody")).V1.Tenants["acme"].Check.PostAsync(new Check { OutcomeType = "a" });
}
catch (Problem problem)
{
    Say("stranger", problem.Status, problem.Code, problem.Errors?.Count);
}

static CloudEvent Report(string id, string type) => new()
{
    Specversion = CloudEvent_specversion.OneZero, Id = id, Source = "/desk", Type = CloudEvent_type.OutcomeReported,
    Subject = "acme", Data = new EventData { OutcomeType = type, Session = id },
};

static void Say(string what, params object?[] said) =>
    Console.WriteLine($"{what}: {string.Join(' ', said.Select(one => one?.ToString() ?? "-")).ToLowerInvariant()}");

// Kiota's own providers of keys refuse http, which is what the tests speak.
HttpClientRequestAdapter Adapter(string key)
{
    var http = KiotaClientFactory.Create();
    http.DefaultRequestHeaders.Add("Authorization", $"Bearer {key}");
    return new(new AnonymousAuthenticationProvider(), httpClient: http) { BaseUrl = address };
}
