using System.CommandLine;

namespace MeteringGateway.Demo;

internal static class DemoCommand
{
    /// <summary>Whatever happens, it ends by itself.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    public static Command Make()
    {
        var redis = new Option<string?>("--redis") { Description =
            "Play it on three silos over this Redis (host:port), and kill one of them on the way; what the demo writes"
            + " there it removes" };
        var stay = new Option<bool>("--stay") { Description =
            "Stay when the story is over: agents work on for two accounts, and a link is printed that signs you in to"
            + " the console as their finance admin. Ctrl+C ends it" };
        var command = new Command("demo",
            "Start a gateway with sample tenants, let agents work through a day in about 20 seconds, show a cap being"
            + " reached, raised and lifted, and what finance saw of it. Its store stays, in a temporary directory that"
            + " it names.")
        {
            redis, stay,
        };
        command.Validators.Add(typed =>
        {
            if (typed.GetValue(stay) && typed.GetValue(redis) is not null)
                typed.AddError("--stay is for the demo on one gateway: leave out --redis");
        });
        command.SetAction((parsed, cancellation) =>
            Run(parsed.GetValue(redis), parsed.GetValue(stay), cancellation));
        return command;
    }

    /// <returns>0, or 1 when something that the demo tells did not come true.</returns>
    private static async Task<int> Run(string? redis, bool stays, CancellationToken cancellation)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bounded.CancelAfter(Longest);
        try
        {
            await using Venue venue = redis is null ? new OneGateway() : new ThreeSilos(redis);
            Page.Write("", venue.Beginning);
            await venue.Start(bounded.Token);
            using var stage = await Stage.Set(venue, bounded.Token);
            var isTrue = await Play(venue, stage, bounded.Token);
            if (stays) await Staying.Until(stage, cancellation);
            NextSteps.Tell(venue.Keep(), stays);
            return isTrue ? 0 : 1;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync(cancellation.IsCancellationRequested ? "interrupted"
                : $"the demo did not end within {Longest.TotalMinutes:0} minutes");
            return 1;
        }
    }

    private static async Task<bool> Play(Venue venue, Stage stage, CancellationToken cancellation)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var view = View.Show(stage, done.Token);
        var listening = stage.Signals.Listen(done.Token);
        await stage.Signals.Connected;
        stage.Story.Tell($"{venue.Description}; {stage.Desks.Count} desks, {Stage.AgentsADesk} agents each,"
            + " and a stream of signals");
        await Task.WhenAll([.. stage.Agents.Select(agent => agent.Work(cancellation)), stage.Finance(cancellation),
            venue.Trouble(stage, cancellation)]);
        // The last signal may still be on its way.
        await Task.Delay(300, cancellation);
        await done.CancelAsync();
        await listening;
        await view;
        var isTrue = await Verdict.Tell(stage, venue.Findings, cancellation);
        await FinanceView.Show(stage, cancellation);
        return isTrue;
    }
}
