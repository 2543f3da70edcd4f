namespace MeteringGateway.Demo;

/// <summary>What may be typed next, as it must be typed here.</summary>
internal static class NextSteps
{
    private const string Key = "try-it-out-0123456789";

    /// <param name="left">Directory of all that was left; null: nothing was.</param>
    /// <param name="stayed">It was to be watched already.</param>
    public static void Tell(string? left, bool stayed)
    {
        var metering = Invocation();
        if (left is null)
        {
            Console.WriteLine($"""

                Nothing is left in the Redis. On one gateway, the demo keeps its store to
                be looked into:

                  {metering} demo
                """);
            return;
        }
        Console.WriteLine($"""

            What you saw is kept. Look further, in two terminals:

              METERING__ADMINKEY={Key} \
                {metering} serve \
                --data-directory {OneGateway.StoreIn(left)}

              curl -sS -H 'Authorization: Bearer {Key}' \
                http://127.0.0.1:8080/v1/tenants/{Stage.Short}/usage
              {metering} journal \
                --tenant {Stage.Short} --url http://127.0.0.1:8080 \
                --key {Key}

            Or in a browser, with that key: http://127.0.0.1:8080/console
            """);
        if (!stayed) Console.WriteLine("To watch and to act there while agents work, add --stay to the demo.");
        Console.WriteLine($"""

            To remove it: rm -r {left}
            README.md goes through plans, keys, checks, caps and statements with curl.
            """);
    }

    /// <summary>How this program was started, so that what it prints can be pasted.</summary>
    private static string Invocation()
    {
        var program = Environment.ProcessPath ?? "metering";
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, program);
        if (!Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.Ordinal))
            return relative.Contains('/', StringComparison.Ordinal) ? relative : "./" + relative;
        return "dotnet " + Path.GetRelativePath(Environment.CurrentDirectory, typeof(NextSteps).Assembly.Location);
    }
}
