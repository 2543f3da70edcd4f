using System.CommandLine;

namespace MeteringGateway.Demo;

internal static class DemoCommand
{
    public static Command Make()
    {
        var command = new Command("demo",
            "Start a gateway with sample tenants, let agents work through a day in about 20 seconds, and show a cap being reached, raised and lifted. Leaves nothing behind.");
        command.SetAction((_, cancellation) => Run(cancellation));
        return command;
    }

    /// <returns>0, or 1 when something that the demo tells did not come true.</returns>
    private static async Task<int> Run(CancellationToken cancellation)
    {
        // Whatever happens, it ends by itself.
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bounded.CancelAfter(TimeSpan.FromSeconds(60));
        var directory = Directory.CreateTempSubdirectory("metering-demo-");
        try
        {
            var key = "demo-" + Guid.NewGuid().ToString("N");
            await using var app = await Gateway.Start(
                [
                    "--urls=http://127.0.0.1:0", $"--Metering:AdminKey={key}",
                    $"--Metering:DataDirectory={directory.FullName}", $"--{Gateway.Redis}=",
                ], quiet: true, bounded.Token);
            await Ready(app.Urls.First(), bounded.Token);
            var good = await Play(app.Urls.First(), key, bounded.Token);
            await app.StopAsync(CancellationToken.None);
            return good ? 0 : 1;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync(cancellation.IsCancellationRequested ? "interrupted"
                : "the demo did not end within a minute");
            return 1;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task Ready(string url, CancellationToken cancellation)
    {
        using var anyone = new Client(url, key: null);
        while (!(await anyone.Send(HttpMethod.Get, "/health/ready", null, cancellation)).Good)
            await Task.Delay(20, cancellation);
    }

    private static async Task<bool> Play(string url, string adminKey, CancellationToken cancellation)
    {
        using var stage = await Stage.Set(url, adminKey, cancellation);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var view = View.Show(stage, done.Token);
        var listening = stage.Signals.Listen(done.Token);
        await stage.Signals.Connected;
        stage.Story.Tell(
            $"a gateway listens on {url}; {stage.Desks.Count} desks, {Stage.AgentsADesk} agents each, and a stream of signals");
        await Task.WhenAll([.. stage.Agents.Select(agent => agent.Work(cancellation)), stage.Finance(cancellation)]);
        // The last signal may still be on its way.
        await Task.Delay(300, cancellation);
        await done.CancelAsync();
        await listening;
        await view;
        return await Verdict.Tell(stage, cancellation);
    }
}
