namespace MeteringGateway.ConsolePages.Words;

/// <summary>What somebody did to a key, a plan, a webhook or an address, in a sentence, with what was before.</summary>
public static class SetUp
{
    private const int Most = 6;

    public static string Words(Doc change)
    {
        var (before, after) = (change["before"], change["after"]);
        var what = change["of"].Text == "key" ? Key(after.IsNull ? before : after)
            : $"the {(change["of"].Text == "email" ? "address" : change["of"].Text)} {change["id"].Text}";
        if (after.IsNull) return $"Removed {what}{Where(before, " (before: ")}.";
        if (!after.Maybe("revoked_at").IsNull) return $"Ended {what}.";
        if (before.IsNull) return $"Made {what}{Where(after, ": ")}.";
        var version = change["of"].Text == "plan" ? $" to version {change["version"].Text}" : "";
        var different = Different(before, after).ToList();
        if (different.Count == 0) return $"Changed {what}{version}.";
        var more = different.Count > Most ? $"; and {different.Count - Most} more" : "";
        return $"Changed {what}{version}: {string.Join("; ", different.Take(Most))}{more}.";
    }

    private static string Key(Doc key)
    {
        var called = key.Maybe("label").TextOrNull is { } label ? $"the key \"{label}\"" : $"the key {key["id"].Text}";
        return $"{called} of the role {key["role"].Text}";
    }

    private static string Where(Doc webhook, string before) => webhook.Maybe("url").TextOrNull is not { } url ? ""
        : before + url + (before.Contains('(', StringComparison.Ordinal) ? ")" : "");

    /// <summary>What is not as it was, by name; lists of things with ids by these.</summary>
    private static IEnumerable<string> Different(Doc before, Doc after)
    {
        var (was, now) = (new SortedDictionary<string, string>(StringComparer.Ordinal),
            new SortedDictionary<string, string>(StringComparer.Ordinal));
        Flatten(before, "", was);
        Flatten(after, "", now);
        foreach (var name in was.Keys.Union(now.Keys).Order(StringComparer.Ordinal))
        {
            var (old, next) = (was.GetValueOrDefault(name, "nothing"), now.GetValueOrDefault(name, "nothing"));
            if (old != next) yield return $"{name} {next} (before: {old})";
        }
    }

    private static void Flatten(Doc of, string path, SortedDictionary<string, string> into)
    {
        foreach (var (name, value) in of.Members.Where(one => !one.Name.EndsWith("_at", StringComparison.Ordinal)))
            Flatten(value, Join(path, name.Replace('_', ' ')), into);
        foreach (var (at, item) in of.Items.Index())
            Flatten(item, Join(path, item.Maybe("id").TextOrNull ?? $"{at + 1}"), into);
        if (!of.IsNull && !of.Members.Any() && !of.Items.Any()) into[path] = of.Text;
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path} {name}";
}
