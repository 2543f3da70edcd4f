using System.Text.Json;
using System.Text.Json.Serialization;

namespace MeteringGateway.LoadTests.Scenarios;

/// <summary>A day in short: who is there, and what they do in one phase after the other. Files are JSON.</summary>
/// <param name="Tenants">1 to 1,000,000.</param>
public sealed record Scenario(string Name, int Tenants, IReadOnlyList<Phase> Phases)
{
    /// <summary>Streams of the last tenant's signals that nobody reads; up to as many as one key may open.</summary>
    public int SlowReaders { get; init; }

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, ReadCommentHandling = JsonCommentHandling.Skip,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <exception cref="JsonException">It is no scenario.</exception>
    public static Scenario Read(string path)
    {
        var read = JsonSerializer.Deserialize<Scenario>(File.ReadAllText(path), Json)
            ?? throw new JsonException("it is null");
        return read is { Tenants: >= 1 and <= 1_000_000, SlowReaders: >= 0 and <= 100, Phases.Count: > 0 }
            && read.Phases.All(phase => phase.IsSound) ? read
            : throw new JsonException("it must have tenants and phases, each of some seconds, with rates of one or two "
                + "numbers from 0 on, and 100 slow readers at most");
    }
}

/// <summary>Rates are requests a second, from the first number to the second over the phase; one is a steady
/// rate, and none is no request.</summary>
/// <param name="Seconds">0 up to an hour.</param>
public sealed record Phase(string Name, double Seconds)
{
    public IReadOnlyList<double> Checks { get; init; } = [];

    /// <summary>Of a hundred events each.</summary>
    public IReadOnlyList<double> Batches { get; init; } = [];

    public IReadOnlyList<double> Statements { get; init; } = [];

    /// <summary>Of the last tenant, which is paused and goes on in turns: what signals are made of.</summary>
    public IReadOnlyList<double> Pauses { get; init; } = [];

    /// <summary>Whether all else is of the first tenant.</summary>
    public bool OneTenant { get; init; }

    internal bool IsSound => Seconds is > 0 and <= 3600 && ((IReadOnlyList<double>[])[Checks, Batches, Statements,
        Pauses]).All(rate => rate.Count <= 2 && rate.All(number => number is >= 0 and <= 1e6));

    /// <summary>When each request is due, in seconds, in order.</summary>
    /// <param name="times">The phase takes so many times its seconds.</param>
    public IEnumerable<double> Due(IReadOnlyList<double> rate, double times)
    {
        if (rate.Count == 0) yield break;
        var (from, to, seconds) = (rate[0], rate[^1], Seconds * times);
        // The rate goes linearly; so many are due by a time, and from that comes when the next is.
        var slope = (to - from) / seconds;
        for (var i = 0; i < (from + to) / 2 * seconds; i++)
            yield return Math.Abs(slope) < 1e-9 ? i / from
                : (Math.Sqrt(Math.Max(0, from * from + 2 * slope * i)) - from) / slope;
    }
}
