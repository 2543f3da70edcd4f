using System.CommandLine;
using System.Text.Json.Nodes;

namespace MeteringGateway;

/// <summary>Asks a gateway whether it is ready: for health checks where there is neither a shell nor curl.</summary>
internal static class HealthCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    private const string Path = "/health/ready";

    public static Command Make()
    {
        var gateway = new Argument<string?>("gateway") { Arity = ArgumentArity.ZeroOrOne,
            Description = "Which: http://host:port, or host:port (default 127.0.0.1:8080)" };
        var url = new Option<string?>("--url") { Description = "The same, as an option" };
        var command = new Command("health",
            "Ask whether a gateway is ready. Exit code 0 if it is; 1 if not, with the reason in one line.")
        {
            gateway, url,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(gateway) is not null && result.GetValue(url) is not null)
                result.AddError("a gateway is named once: as an argument, or by --url");
        });
        command.SetAction((parsed, cancellation) => Run(
            Address(parsed.GetValue(gateway) ?? parsed.GetValue(url) ?? "127.0.0.1:8080"), cancellation));
        return command;
    }

    /// <summary>A host without a scheme speaks HTTP, and one without a path is asked whether it is ready.</summary>
    private static string Address(string given)
    {
        if (given.Contains(':', StringComparison.Ordinal) && !given.Contains("://", StringComparison.Ordinal))
            given = "http://" + given;
        return Uri.TryCreate(given, UriKind.Absolute, out var whole) && whole.PathAndQuery == "/"
            ? given.TrimEnd('/') + Path : given;
    }

    /// <summary>What it says of itself, or that it answered: another path may be asked.</summary>
    private static string State(JsonNode? body) => body is not JsonObject health ? "answers"
        : string.Join(", ", new[] { Word(health["status"]), Word(health["edition"]), health["unavailable_tenants"] is
            { } some ? $"{some} tenants unavailable" : null }.OfType<string>());

    private static string? Word(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text)
        ? CommandException.OneLine(text) : null;

    private static async Task<int> Run(string url, CancellationToken cancellation)
    {
        using var client = new Client(key: null, url);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            var reply = await client.Send(HttpMethod.Get, new Uri(url).PathAndQuery, null, patience.Token);
            var state = reply.Good ? State(reply.Body) : reply.Problem;
            Console.WriteLine($"{new Uri(url).GetLeftPart(UriPartial.Authority)}: {state}");
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
