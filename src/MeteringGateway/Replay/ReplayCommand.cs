using System.CommandLine;
using Instant = MeteringGateway.Core.Instant;
using TestClock = MeteringGateway.Core.TestClock;

namespace MeteringGateway.Replay;

/// <summary>What <c>metering replay</c> was asked to do.</summary>
/// <param name="Speed">Event time goes by this many times as fast as real time; null: as fast as it goes.</param>
/// <param name="TenantPlan">Null: tenants must exist.</param>
/// <param name="Patience">How long a server may be away before the replay gives up.</param>
internal sealed record ReplayRequest(
    string File, string Url, string? Key, double? Speed, FileInfo? PlanFile, string? TenantPlan, string? TestClock,
    bool FollowEvents,
    int Chunk, TimeSpan Patience);

internal static class ReplayCommand
{
    public static Command Make()
    {
        var file = new Argument<string>(
            "file") { Description = "CloudEvents, one JSON object a line; - reads standard input" };
        var url = new Option<string>("--url") { Description = "Address of the gateway",
            DefaultValueFactory = _ => "http://127.0.0.1:8080" };
        var key = new Option<string?>(
            "--key") { Description = "Key to send with (default: the environment's METERING_KEY)" };
        var speed = new Option<double?>(
            "--speed") { Description = "Replay event time at N times real time; without it, as fast as it goes",
                HelpName = "N" };
        var plan = new Option<FileInfo?>(
            "--plan") { Description = "First put this plan; its id is the file's name without .json" };
        var tenants = new Option<string?>(
            "--create-tenants") { Description = "Create tenants that are missing, on this plan", HelpName = "PLAN" };
        var clock = new Option<string?>(
            "--test-clock") { Description = "Created tenants live on a test clock that starts there",
                HelpName = "START" };
        var follow = new Option<bool>("--follow-events") { Description = "Their clocks follow the events" };
        var chunk = new Option<int>("--chunk") { Description = "Events a request, 1 to 10000",
            DefaultValueFactory = _ => 500 };
        var patience = new Option<int>(
            "--patience") { Description = "Seconds that a server may be away before giving up",
                DefaultValueFactory = _ => 60 };
        speed.Validators.Add(r => { if (r.GetValueOrDefault<double?>() <= 0) r.AddError("--speed must be above 0"); });
        chunk.Validators.Add(
            r => { if (r.GetValueOrDefault<int>() is < 1 or > 10_000) r.AddError("--chunk must be 1 to 10000"); });

        var command = new Command("replay",
            "Send a file of events, with a progress bar and a summary. Events are sent once: what was acknowledged "
                + "is not sent again, and what may have been is recognised by the gateway.")
        {
            file, url, key, speed, plan, tenants, clock, follow, chunk, patience,
        };
        command.Validators.Add(r =>
        {
            if (string.IsNullOrEmpty(KeyOf(r.GetValue(key))))
                r.AddError("nothing is sent without a key: give --key KEY, or METERING_KEY in the environment");
            if (r.GetValue(clock) is { } start && (!Instant.TryParse(start, out var time)
                || time < TestClock.Earliest || time > TestClock.Latest))
                r.AddError($"--test-clock cannot be '{start}': it is a time with an offset, such as "
                    + "2026-11-21T09:30:00Z");
            if (r.GetValue(clock) is not null && r.GetValue(tenants) is null)
                r.AddError("--test-clock is for tenants that are created: give --create-tenants PLAN");
            if (r.GetValue(follow) && r.GetValue(clock) is null) r.AddError("--follow-events needs --test-clock START");
        });
        command.SetAction((parsed, cancellation) => Replayer.Run(
            new ReplayRequest(
                parsed.GetRequiredValue(file), parsed.GetRequiredValue(url), KeyOf(parsed.GetValue(key)),
                parsed.GetValue(speed), parsed.GetValue(plan), parsed.GetValue(tenants), parsed.GetValue(clock),
                parsed.GetValue(follow),
                parsed.GetValue(chunk), TimeSpan.FromSeconds(parsed.GetValue(patience))),
            cancellation));
        return command;
    }

    private static string? KeyOf(string? given) => given ?? Environment.GetEnvironmentVariable("METERING_KEY");
}
