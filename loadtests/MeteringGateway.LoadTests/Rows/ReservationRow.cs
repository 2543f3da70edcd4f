using System.Globalization;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>Durable reservations of one unit, each released again by the clock, against an endpoint of JSON.</summary>
internal static class ReservationRow
{
    private const int Connections = 64;
    private const int Tenants = 64;
    private static readonly byte[] Body =
        """{"outcome_type":"support.resolution","agent":"agent-7","channel":"chat","quantity":1,"ttl":"PT1S"}"""u8
            .ToArray();

    public static async Task<Row> Measure(Options options)
    {
        using var bed = await Bed.Start(options, Tenants);
        using var empty = EmptyServer.Start(options);
        using var reserve = Over("reservation", bed.Gateway.Process,
            i => $"/v1/tenants/{Batch.Tenant(i % Tenants)}/reservations");
        using var bound = Over("POST that reads and writes the body as JSON", empty, _ => EmptyServer.BoundPath);
        var (ours, theirs) = Pair.Alternate(reserve, bound, options.Pairs, options.Each, options.WarmUp);
        return new Row("durable reservation, 64 connections, requests/s",
            "a minimal-API POST that reads the same body and answers one as JSON", 0.35, 0.65, 0.85,
            Pair.Ratios(ours, theirs),
            [Pair.Describe(reserve, ours, "requests"), Pair.Describe(bound, theirs, "requests"),
             string.Create(CultureInfo.InvariantCulture, $"{Tenants} tenants")]);
    }

    private static Side Over(string name, ServerProcess server, Func<int, string> path)
    {
        byte[][] requests = [.. Enumerable.Range(0, Connections)
            .Select(i => HttpConnection.Format("POST", path(i), GatewayServer.AdminKey, "application/json", Body))];
        return new Side(name, server, [.. requests.Select(_ => new HttpConnection(server.Port))],
            i => requests[i], 1);
    }
}
