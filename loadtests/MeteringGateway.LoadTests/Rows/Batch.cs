using System.Globalization;
using System.Text;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>Numbers for ids, each once in a run, over all connections.</summary>
public sealed class Counter
{
    private long _last;

    public long Next() => ++_last;
}

/// <summary>
/// A request of 100 events that is sent again and again with new ids: only their digits are written anew.
/// </summary>
public sealed class Batch
{
    public const int Size = 100;
    private const string Placeholder = "0000000000";
    private readonly byte[] _request;
    private readonly int[] _ids;
    private readonly Counter _counter;

    private Batch(byte[] request, Counter counter)
    {
        (_request, _counter) = (request, counter);
        _ids = [.. Positions(request)];
        if (_ids.Length != Size) throw new InvalidOperationException($"{_ids.Length} ids in a batch of {Size}");
    }

    /// <summary>Events sent.</summary>
    public long Sent { get; private set; }

    public static string Tenant(int index) => string.Create(CultureInfo.InvariantCulture, $"load-{index}");

    /// <param name="first">Number of the first of the tenants.</param>
    public static Batch ForGateway(int tenants, Counter counter, int first = 0)
    {
        var events = Enumerable.Range(0, Size).Select(i => Event(Tenant(first + i % tenants), Placeholder));
        var body = Encoding.UTF8.GetBytes("[" + string.Join(',', events) + "]");
        return new Batch(HttpConnection.Format("POST", "/v1/events?results=rejected", GatewayServer.AdminKey,
            "application/cloudevents-batch+json", body), counter);
    }

    /// <summary>One event, as JSON.</summary>
    /// <param name="number">Ten digits.</param>
    public static string Event(string tenant, string number) => $$$"""
        {"specversion":"1.0","id":"e{{{number}}}","source":"/load","type":"outcome.reported","subject":"{{{tenant}}}","data":{"outcome_type":"support.resolution","result":"success","agent":"agent-7","channel":"chat"}}
        """;

    public static Batch ForRedis(int tenants, string script, Counter counter)
    {
        var commands = Enumerable.Range(0, Size).SelectMany(i =>
            RespConnection.Format("EVALSHA", script, "2", Tenant(i % tenants), Tenant(i % tenants) + ":ids",
                "e" + Placeholder, "1", "100000000000"));
        return new Batch([.. commands], counter);
    }

    public ReadOnlyMemory<byte> Next()
    {
        foreach (var at in _ids)
        {
            var number = _counter.Next();
            for (var i = Placeholder.Length - 1; i >= 0; i--, number /= 10)
                _request[at + i] = (byte)('0' + number % 10);
        }
        Sent += Size;
        return _request;
    }

    private static IEnumerable<int> Positions(byte[] request)
    {
        var wanted = Encoding.ASCII.GetBytes("e" + Placeholder);
        for (var at = 0; request.AsSpan(at).IndexOf(wanted) is var found && found >= 0; at += found + wanted.Length)
            yield return at + found + 1;
    }
}
