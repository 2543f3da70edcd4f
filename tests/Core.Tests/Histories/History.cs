namespace MeteringGateway.Core.Tests.Histories;

/// <summary>A command, or a question, at a moment of real time. A reservation is named by <see cref="Label"/>: its id
/// is known
/// only when it is made.</summary>
internal sealed record Step(Instant Now, Command? Command, Question? Ask = null, string? Label = null);

internal sealed record History(int Seed, Instant Start, Command.Create Create, IReadOnlyList<Step> Steps);

/// <summary>Chooses, from a seed.</summary>
internal sealed class Dice(int seed)
{
    private readonly Random _random = new(seed);

    public int Below(int limit) => _random.Next(limit);
    public bool Chance(int percent) => _random.Next(100) < percent;
    public T One<T>(params IReadOnlyList<T> of) => of[_random.Next(of.Count)];
    public TimeSpan Within(TimeSpan most) =>
        TimeSpan.FromMilliseconds(_random.NextInt64((long)most.TotalMilliseconds + 1));

    public IReadOnlyList<T> Shuffled<T>(IEnumerable<T> items)
    {
        var list = items.ToArray();
        _random.Shuffle(list);
        return list;
    }
}
