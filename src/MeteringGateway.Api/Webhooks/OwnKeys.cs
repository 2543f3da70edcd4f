using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace MeteringGateway.Api.Webhooks;

/// <summary>Whose receivers are whose, so that an alert of one tenant looks at no other's.</summary>
internal sealed class OwnKeys
{
    private readonly ConcurrentDictionary<string, ImmutableSortedSet<string>> _keys = new(StringComparer.Ordinal);
    private static readonly ImmutableSortedSet<string> None =
        ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>In order.</summary>
    /// <param name="owner">A tenant; empty: the operator.</param>
    public ImmutableSortedSet<string> Of(string owner) => _keys.GetValueOrDefault(owner, None);

    public void Add(string owner, string key) =>
        _keys.AddOrUpdate(owner, _ => None.Add(key), (_, keys) => keys.Add(key));

    public void Remove(string owner, string key) =>
        _keys.AddOrUpdate(owner, _ => None, (_, keys) => keys.Remove(key));
}
