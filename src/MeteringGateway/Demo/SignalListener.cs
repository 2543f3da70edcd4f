using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;

namespace MeteringGateway.Demo;

/// <summary>A runtime's ear: one stream of signals for all desks, from the gateway's push, not by asking.</summary>
internal sealed class SignalListener(Client client, IReadOnlyDictionary<string, Desk> desks, Story story)
{
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(string Tenant, string Action)> _heard = [];

    /// <summary>Done when the stream is open.</summary>
    public Task Connected => _connected.Task;

    public bool Heard(string tenant, string action)
    {
        lock (_heard) return _heard.Contains((tenant, action));
    }

    public async Task Listen(CancellationToken cancellation)
    {
        try
        {
            var tenants = string.Join('&', desks.Keys.Select(t => "tenant=" + Uri.EscapeDataString(t)));
            for (string? last = null; ; )
                last = await Hear("/v1/signals?" + tenants, last, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            _connected.TrySetException(e);
            throw;
        }
    }

    /// <summary>Listens to one stream to its end, which is that of its gateway; gives the last event's id.</summary>
    private async Task<string?> Hear(string path, string? after, CancellationToken cancellation)
    {
        await using var stream = await client.Listen(path, after, cancellation);
        _connected.TrySetResult();
        var events = SseParser.Create(stream);
        try
        {
            await foreach (var item in events.EnumerateAsync(cancellation))
            {
                if (item.EventType is "warn" or "pause" or "handoff" or "resume")
                    Hear(item.EventType, JsonNode.Parse(item.Data)!);
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException && client.HasOthers)
        {
            // Another goes on where this one stopped.
        }
        return events.LastEventId is { Length: > 0 } id ? id : after;
    }

    private void Hear(string action, JsonNode signal)
    {
        var tenant = (string)signal["tenant"]!;
        lock (_heard) _heard.Add((tenant, action));
        desks[tenant].Told(action
            switch { "warn" => "warned", "handoff" => "handoff", "pause" => "paused", _ => "active" });
        var to = (string?)signal["handoff"]?["to"];
        story.Tell(
            $"{tenant}: signal {action}{(to is null ? "" : $" to {to}")} (cap {(string?)signal["cap"]}, sequence "
                + $"{signal["sequence"]})");
    }
}
