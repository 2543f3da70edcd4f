using System.Text.Json.Nodes;

namespace MeteringGateway.Demo;

/// <summary>What the buyer's finance admin saw of it, with a finance key: the alerts, and the statement.</summary>
internal static class FinanceView
{
    private const int NumberWidth = 10;

    public static async Task Show(Stage stage, CancellationToken cancellation)
    {
        var path = $"/v1/tenants/{Stage.Short}";
        var alerts = await stage.FinanceDesk.Demand(HttpMethod.Get, path + "/alerts", null, cancellation);
        var statement = await stage.FinanceDesk.Demand(HttpMethod.Get, path + "/statements/current", null,
            cancellation);
        Console.WriteLine();
        Console.WriteLine($"What the finance admin of {Stage.Short} saw:");
        Console.WriteLine();
        foreach (var alert in alerts["data"]!.AsArray().Reverse()) Page.Write("  alert      ", Words(alert!));
        Console.WriteLine($"  statement  {statement["period"]}, {statement["status"]}, in {statement["currency"]}");
        Console.WriteLine();
        var width = Math.Min(Page.Width, 100) - 4 - 3 * NumberWidth;
        Row(width, "", "quantity", "price", "amount");
        foreach (var line in statement["lines"]!.AsArray())
            Row(width, (string)line!["description"]!, line["quantity"]!.ToString(), (string?)line["unit_price"],
                (string)line["amount"]!);
        Row(width, "Total", "", "", (string)statement["total"]!);
    }

    private static string Words(JsonNode alert)
    {
        var (of, used) = ((string)alert["of"]!, $"{Amount(alert["level"])} of {Amount(alert["limit"])}");
        return (string)alert["type"]! switch
        {
            "threshold.crossed" => $"threshold {alert["threshold"]} crossed: {used} of {of} are used",
            "cap.reached" => $"{of} is reached: {used}",
            "overage.started" => "overage began: the included units are used up",
            var other => $"{other} ({of})",
        };
    }

    private static string Amount(JsonNode? limit) => limit is null ? "none"
        : limit["units"] is { } units ? $"{units}" : $"{limit["amount"]}";

    private static void Row(int width, string what, string quantity, string? price, string amount) => Console.WriteLine(
        $"    {what.PadRight(width)[..width]}{quantity,NumberWidth}{price,NumberWidth}{amount,NumberWidth}");
}
