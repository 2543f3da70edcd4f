namespace MeteringGateway.Api.Tests.Support;

/// <param name="Id">Empty where the event has none.</param>
public sealed record ServerEvent(string Name, string Id, JsonObject Data);

/// <summary>A reader of a stream of signals that keeps up.</summary>
public sealed class SignalReading : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private SignalReading(HttpResponseMessage response, Stream stream) =>
        (_response, _lines) = (response, new StreamReader(stream));

    public HttpResponseMessage Response => _response;

    public static async Task<SignalReading> Open(Gateway gateway, string path, string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        if (lastEventId is not null) request.Headers.Add("Last-Event-ID", lastEventId);
        var response = await gateway.Admin.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return new SignalReading(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>Everything up to the <c>ready</c> of so many tenants.</summary>
    public async Task<IReadOnlyList<ServerEvent>> UntilReady(int tenants = 1)
    {
        var events = new List<ServerEvent>();
        while (tenants > 0)
        {
            events.AddRange(await Next(1));
            if (events[^1].Name == "ready") tenants--;
        }
        return events;
    }

    public async Task<ServerEvent> Next() => (await Next(1))[0];

    public async Task<IReadOnlyList<ServerEvent>> Next(int count)
    {
        var events = new List<ServerEvent>();
        string? name = null, id = null, data = null;
        while (events.Count < count)
        {
            var line = await _lines.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30))
                ?? throw new EndOfStreamException("the stream ended");
            if (line.StartsWith("event: ", StringComparison.Ordinal)) name = line[7..];
            else if (line.StartsWith("id: ", StringComparison.Ordinal)) id = line[4..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal)) data = line[6..];
            else if (line.Length == 0 && data is not null)
            {
                events.Add(new ServerEvent(name!, id ?? "", JsonNode.Parse(data)!.AsObject()));
                (id, data) = (null, null);
            }
        }
        return events;
    }

    public void Dispose()
    {
        _lines.Dispose();
        _response.Dispose();
    }
}
