using System.Collections;
using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using MeteringGateway.Api.Json;
using Microsoft.Extensions.Configuration;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// The names of the settings, as the class that they are bound to has them. One that is mistyped would otherwise be
/// ignored: a limit that nobody set, or a key that nobody meant to make.
/// </summary>
public static class SettingNames
{
    private const int Farthest = 6;

    /// <summary>Every setting, as <c>Metering:Limits:BodyBytes</c>, with its default.</summary>
    public static IReadOnlyDictionary<string, object?> Of<T>() where T : new()
    {
        var names = new SortedDictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, _, value) in All(MeteringSettings.Section, new T())) names[name] = value;
        return names;
    }

    /// <summary>
    /// Those below <c>Metering</c> that are none of these, each in a sentence that names the nearest.
    /// </summary>
    public static IEnumerable<string> Unknown(IConfiguration configuration,
        IReadOnlyDictionary<string, object?> names)
    {
        foreach (var (path, value) in configuration.GetSection(MeteringSettings.Section).AsEnumerable())
        {
            if (value is null || names.Any(name => Is(path, name.Key, name.Value is IDictionary))) continue;
            yield return $"There is no setting {path}"
                + (Nearest.To(path, names.Keys, Farthest) is { } meant ? $": did you mean {meant}?" : ".");
        }
    }

    /// <summary>
    /// Those whose text is no value of their kind, each in a sentence. It repeats the text: what may be secret is of a
    /// kind that every text is of.
    /// </summary>
    public static IEnumerable<string> Unreadable<T>(IConfiguration configuration) where T : new()
    {
        foreach (var (name, type, _) in All(MeteringSettings.Section, new T()))
            if (configuration[name] is { } text && !IsValue(text, type))
                yield return $"The setting {name} cannot be '{text}': it is {Kind(type)}.";
            else if (type == typeof(TimeSpan) && configuration[name] is { } time && IsBareNumber(time, out var number))
                yield return $"The setting {name} cannot be '{time}', which would be days: write "
                    + $"{TimeSpan.FromSeconds(number):c} for seconds, or {number}.00:00:00 for days.";
    }

    private static bool IsValue(string text, Type type) =>
        (text.Length == 0 && Nullable.GetUnderlyingType(type) is not null)
            || TypeDescriptor.GetConverter(type).IsValid(text);

    private static bool IsBareNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out number) && number != 0;

    private static string Kind(Type type) =>
        type == typeof(TimeSpan) ? "a time, such as 00:00:10 or 1.12:00:00"
            : (Nullable.GetUnderlyingType(type) ?? type) == typeof(bool) ? "true or false"
            : (Nullable.GetUnderlyingType(type) ?? type) == typeof(double) ? "a number" : "a whole number";

    /// <summary>Lists have their elements below them, by number; of what passes through, any names.</summary>
    private static bool Is(string path, string name, bool isAny) =>
        path.Equals(name, StringComparison.OrdinalIgnoreCase)
            || (path.StartsWith(name + ':', StringComparison.OrdinalIgnoreCase)
                && (isAny || int.TryParse(path.AsSpan(name.Length + 1), out _)));

    private static IEnumerable<(string Name, Type Type, object? Default)> All(string prefix, object defaults)
    {
        foreach (var property in defaults.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.SetMethod is not { IsPublic: true }) continue;
            var (name, type, value) = ($"{prefix}:{property.Name}", property.PropertyType, property.GetValue(defaults));
            var isGroup = type is { IsClass: true, Namespace: { } space }
                && space.StartsWith(nameof(MeteringGateway), StringComparison.Ordinal);
            if (!isGroup || value is null) yield return (name, type, value);
            else
                foreach (var inner in All(name, value)) yield return inner;
        }
    }
}
