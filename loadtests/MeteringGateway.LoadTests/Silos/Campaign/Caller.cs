using System.Net.Http.Headers;
using System.Text;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Silos.Campaign;

/// <param name="Silo">Which silo answered.</param>
internal sealed record Reply(int Status, string Body, int Silo);

/// <summary>
/// A caller behind a load balancer: it sends through any silo, and leaves one that did not answer alone for a while.
/// What was not answered, or with 5xx, is unknown, and is for the caller to send again.
/// </summary>
internal sealed class Caller : IDisposable
{
    private const long LeftAlone = 3_000;
    private readonly HttpClient[] _clients;
    private readonly long[] _aloneUntil;

    public Caller(IReadOnlyList<SiloServer> silos, TimeSpan patience)
    {
        _clients = [.. silos.Select(silo => Client(silo.Port, patience))];
        _aloneUntil = new long[silos.Count];
    }

    public static HttpClient Client(int port, TimeSpan patience)
    {
        var http = new HttpClient(
            new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2), MaxConnectionsPerServer = 100 })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = patience,
        };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", GatewayServer.AdminKey);
        return http;
    }

    /// <summary>Null: unknown.</summary>
    /// <param name="not">A silo that it must not go through.</param>
    /// <param name="only">The silo that it must go through.</param>
    public async Task<Reply?> Send(
        HttpMethod method, string path, string? body, string type, Random random, string? key = null, int? not = null,
        int? only = null)
    {
        var silo = only ?? Choose(random, not);
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type));
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        try
        {
            using var response = await _clients[silo].SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            return (int)response.StatusCode < 500 ? new Reply((int)response.StatusCode, text, silo) : null;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            Volatile.Write(ref _aloneUntil[silo], Environment.TickCount64 + LeftAlone);
            return null;
        }
    }

    public void Dispose()
    {
        foreach (var client in _clients) client.Dispose();
    }

    private int Choose(Random random, int? not)
    {
        var now = Environment.TickCount64;
        var all = Enumerable.Range(0, _clients.Length).Where(silo => silo != not).ToArray();
        var willing = all.Where(silo => Volatile.Read(ref _aloneUntil[silo]) <= now).ToArray();
        var among = willing.Length > 0 ? willing : all;
        return among[random.Next(among.Length)];
    }
}
