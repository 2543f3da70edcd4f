using System.Text.Json.Nodes;

namespace MeteringGateway.Replay;

/// <summary>
/// Sends a file in chunks, each a stream of its own, in order. A chunk that was not acknowledged is sent again:
/// whatever of it had arrived is recognised as a duplicate.
/// </summary>
internal static class Replayer
{
    /// <returns>0, or 1 when something was refused or could not be sent.</returns>
    public static async Task<int> Run(ReplayRequest request, CancellationToken cancellation)
    {
        using var file = new EventFile(request.File);
        using var client = new Client(request.Key, request.Url);
        var summary = new ReplaySummary(request.FollowEvents || request.TestClock is not null);
        var sender = new ChunkSender(client, request.Patience);
        if (request.PlanFile is { } plan) await PutPlan(sender, plan, cancellation);
        // Also where every tenant is there: whoever names a plan means one.
        if (request.TenantPlan is { } named
            && !await sender.Exists($"/v1/plans/{Uri.EscapeDataString(named)}", cancellation))
            throw new CommandException($"--create-tenants: there is no plan '{named}'");
        var tenants = new MissingTenants(sender, request);
        try
        {
            await ReplayProgress.Show(file.Length, summary, async progress =>
            {
                var pace = new Pace(request.Speed);
                var chunk = new List<EventLine>();
                while (await file.Next(cancellation) is { } line)
                {
                    // What is due together goes together; waiting for the next event sends what there is.
                    if (chunk.Count == request.Chunk || (chunk.Count > 0 && pace.MustWait(line)))
                    {
                        await Send(chunk);
                        progress();
                    }
                    await pace.Wait(line, cancellation);
                    chunk.Add(line);
                }
                if (chunk.Count > 0) await Send(chunk);
                progress();
            });
        }
        catch (Exception e) when (e is CommandException or OperationCanceledException)
        {
            summary.Stopped = e is CommandException ? e.Message : "interrupted";
        }
        summary.Print();
        return summary.Good ? 0 : 1;

        async Task Send(List<EventLine> chunk)
        {
            await tenants.Create(chunk, cancellation);
            var body = string.Concat(chunk.Select(line => line.Text + "\n"));
            var reply = await sender.Send(HttpMethod.Post, "/v1/events?results=rejected", body, "application/x-ndjson",
                cancellation);
            summary.Add(chunk, reply);
            chunk.Clear();
        }
    }

    private static async Task PutPlan(ChunkSender sender, FileInfo plan, CancellationToken cancellation)
    {
        try
        {
            var json = await File.ReadAllTextAsync(plan.FullName, cancellation);
            await sender.Send(HttpMethod.Put, $"/v1/plans/{Path.GetFileNameWithoutExtension(plan.Name)}", json,
                "application/json", cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"cannot read {plan.FullName}: {e.Message}", e);
        }
    }
}

/// <summary>Creates tenants the first time that an event names them.</summary>
internal sealed class MissingTenants(ChunkSender sender, ReplayRequest request)
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    public async Task Create(List<EventLine> chunk, CancellationToken cancellation)
    {
        if (request.TenantPlan is null) return;
        foreach (var tenant in chunk.Select(line => line.Tenant).OfType<string>())
        {
            if (!_seen.Add(tenant)) continue;
            var path = $"/v1/tenants/{Uri.EscapeDataString(tenant)}";
            if (await sender.Exists(path, cancellation)) continue;
            var body = new JsonObject { ["name"] = tenant, ["plan"] = request.TenantPlan };
            if (request.TestClock is not null)
                body["test_clock"] = new JsonObject { ["start"] = request.TestClock,
                    ["follow_events"] = request.FollowEvents };
            await sender.Send(HttpMethod.Put, path, body.ToJsonString(), "application/json", cancellation);
        }
    }
}
