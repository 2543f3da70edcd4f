using System.CommandLine;

namespace MeteringGateway;

/// <summary>Asks a gateway whether it is ready: for health checks where there is neither a shell nor curl.</summary>
internal static class HealthCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public static Command Make()
    {
        var url = new Option<string>("--url") { Description = "What to ask",
            DefaultValueFactory = _ => "http://127.0.0.1:8080/health/ready" };
        var command = new Command("health",
            "Ask whether a gateway is ready. Exit code 0 if it is; 1 if not, with the reason in one line.") { url };
        command.SetAction((parsed, cancellation) => Run(parsed.GetRequiredValue(url), cancellation));
        return command;
    }

    private static async Task<int> Run(string url, CancellationToken cancellation)
    {
        using var client = new Client(key: null, url);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            var reply = await client.Send(HttpMethod.Get, new Uri(url).PathAndQuery, null, patience.Token);
            Console.WriteLine(reply.Good ? "ready" : reply.Problem);
            return reply.Good ? 0 : 1;
        }
        catch (HttpRequestException e)
        {
            throw new CommandException($"{url} does not answer: {CommandException.Words(e)}", e);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new CommandException($"{url} did not answer within {Patience.TotalSeconds} s", e);
        }
    }
}
