using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// The names of the settings, as the classes that they are bound to have them. One that is mistyped would otherwise be
/// ignored: a limit that nobody set, or a key that nobody meant to make.
/// </summary>
public static class SettingNames
{
    private const string Section = "Metering";
    private const int Farthest = 6;

    /// <summary>Every setting, as <c>Metering:Limits:BodyBytes</c>, with its default.</summary>
    /// <param name="sections">Below <c>Metering</c>, with the class that each is bound to; "" for itself.</param>
    public static IReadOnlyDictionary<string, object?> Of(params (string Section, Type Type)[] sections)
    {
        var names = new SortedDictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (section, type) in sections)
            Add(names, section.Length == 0 ? Section : $"{Section}:{section}", type, Activator.CreateInstance(type)!);
        return names;
    }

    /// <exception cref="FormatException">A setting below <c>Metering</c> is not one of these; it names the
    /// nearest.</exception>
    public static void Demand(IConfiguration configuration, IReadOnlyDictionary<string, object?> names)
    {
        foreach (var (path, value) in configuration.GetSection(Section).AsEnumerable())
        {
            if (value is null || names.Keys.Any(name => Is(path, name))) continue;
            var nearest = names.Keys.Select(name => (Name: name, Far: Distance(path, name))).MinBy(one => one.Far);
            throw new FormatException($"there is no setting {path}"
                + (nearest.Far <= Farthest ? $"; did you mean {nearest.Name}?" : ""));
        }
    }

    /// <summary>Lists have their elements below them, by number.</summary>
    private static bool Is(string path, string name) => path.Equals(name, StringComparison.OrdinalIgnoreCase)
        || (path.StartsWith(name + ':', StringComparison.OrdinalIgnoreCase)
            && int.TryParse(path.AsSpan(name.Length + 1), out _));

    private static void Add(SortedDictionary<string, object?> names, string prefix, Type type, object defaults)
    {
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.SetMethod is not { IsPublic: true }) continue;
            var (name, value) = ($"{prefix}:{property.Name}", property.GetValue(defaults));
            var isGroup = property.PropertyType is { IsClass: true, Namespace: { } space }
                && space.StartsWith(nameof(MeteringGateway), StringComparison.Ordinal);
            if (isGroup && value is not null) Add(names, name, property.PropertyType, value);
            else names[name] = value;
        }
    }

    /// <summary>Of single letters to add, leave out or change (Levenshtein, 1966), whatever their case.</summary>
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var before = row[0]++;
            for (var j = 1; j <= other.Length; j++)
            {
                var same = char.ToUpperInvariant(one[i - 1]) == char.ToUpperInvariant(other[j - 1]);
                (before, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, before + (same ? 0 : 1)));
            }
        }
        return row[^1];
    }
}
