using System.Text.Json.Nodes;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Silos.Campaign;

/// <summary>
/// Reads one tenant's signals, through one silo after the other: whenever its stream ends, or says nothing for a while,
/// it goes on through the next from the last id that it has.
/// </summary>
internal sealed class SignalListener(string tenant, IReadOnlyList<SiloServer> silos, int first) : IAsyncDisposable
{
    /// <summary>
    /// Shorter than the streams' heartbeat: a silent stream is left, too, so that going on is exercised.
    /// </summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(6);

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly HashSet<long> _seen = [];
    private readonly List<string> _faults = [];
    private Task _running = Task.CompletedTask;
    private string? _lastId;
    private long _newest;
    private int _connections;

    public string Tenant => tenant;

    /// <summary>The first stream began after this sequence.</summary>
    public long From { get; private set; }

    public int Connections => _connections;

    /// <summary>Completes when the first stream has told the state.</summary>
    public Task Start()
    {
        _running = Task.Run(Run);
        return _connected.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>
    /// What was told and should not have been, or not in this order, or not at all. Empty: every one of these was told.
    /// </summary>
    public List<string> Compare(IReadOnlyCollection<long> signals)
    {
        lock (_gate)
        {
            var wanted = signals.Where(sequence => sequence > From).ToHashSet();
            return [.. _faults, .. wanted.Except(_seen).Order()
                .Select(sequence => $"{tenant}: the signal of {sequence} was not told"),
                .. _seen.Except(wanted).Order()
                    .Select(sequence => $"{tenant}: a signal of {sequence} was told that is not in the journal")];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task Run()
    {
        for (var silo = first; !_stop.IsCancellationRequested; silo++)
        {
            try
            {
                await Read(silos[silo % silos.Count].Port);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                await Task.Delay(50);
            }
        }
    }

    private async Task Read(int port)
    {
        using var http = Caller.Client(port, TimeSpan.FromSeconds(12));
        using var request = new HttpRequestMessage(HttpMethod.Get,
            new Uri($"/v1/tenants/{tenant}/signals", UriKind.Relative));
        if (_lastId is not null) request.Headers.Add("Last-Event-ID", _lastId);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _stop.Token);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(_stop.Token));
        Interlocked.Increment(ref _connections);
        var (name, id) = ("", "");
        while (await Line(reader) is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal)) name = line[7..];
            else if (line.StartsWith("id: ", StringComparison.Ordinal)) id = line[4..];
            else if (name is not ("reset" or "state") && line.StartsWith("data: ", StringComparison.Ordinal))
                Take(name, id, (long)JsonNode.Parse(line[6..])!["sequence"]!);
        }
    }

    private async Task<string?> Line(StreamReader reader)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        silence.CancelAfter(Silence);
        return await reader.ReadLineAsync(silence.Token);
    }

    private void Take(string name, string id, long sequence)
    {
        lock (_gate)
        {
            if (name == "ready")
            {
                if (_lastId is null) From = sequence;
            }
            else if (_seen.Add(sequence))
            {
                if (sequence < _newest)
                    _faults.Add($"{tenant}: the signal of {sequence} was told after that of {_newest}");
                _newest = Math.Max(_newest, sequence);
            }
            _lastId = id;
        }
        if (name == "ready") _connected.TrySetResult();
    }
}
