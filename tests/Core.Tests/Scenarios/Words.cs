namespace MeteringGateway.Core.Tests.Scenarios;

/// <summary>One line of a scenario: its first word, the words that stand alone, and those of the form
/// <c>name=value</c>.</summary>
internal sealed class Words
{
    private readonly List<string> _plain = [];
    private readonly Dictionary<string, string> _named = [];
    private readonly HashSet<string> _asked = [];
    private readonly HashSet<int> _read = [];

    public Words(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Verb = words[0];
        foreach (var word in words.Skip(1))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0) _named[word[..equals]] = word[(equals + 1)..];
            else _plain.Add(word);
        }
    }

    public string Verb { get; }

    public string At(int index) => MaybeAt(index) ?? throw new FormatException($"'{Verb}' lacks a word");

    public string? MaybeAt(int index)
    {
        _read.Add(index);
        return index < _plain.Count ? _plain[index] : null;
    }

    public bool Has(string word)
    {
        var index = _plain.IndexOf(word);
        if (index >= 0) _read.Add(index);
        return index >= 0;
    }

    /// <summary>The one of these words that is there; null if none is.</summary>
    public string? OneOf(params string[] words) => words.FirstOrDefault(Has);

    public string? this[string name]
    {
        get
        {
            _asked.Add(name);
            return _named.GetValueOrDefault(name);
        }
    }

    /// <summary>A misspelt word must not be a missing one.</summary>
    public void RefuseUnknown()
    {
        if (_named.Keys.FirstOrDefault(name => !_asked.Contains(name)) is { } unknown)
            throw new FormatException($"'{Verb}' knows no '{unknown}='");
        for (var index = 0; index < _plain.Count; index++)
            if (!_read.Contains(index)) throw new FormatException($"'{Verb}' knows no '{_plain[index]}'");
    }
}
