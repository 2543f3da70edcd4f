using System.Globalization;
using System.Text.RegularExpressions;

namespace MeteringGateway.LoadTests.Servers;

/// <summary>How many tenants live on a silo, by its own metrics. Only to be asked while all is well.</summary>
internal static partial class Whereabouts
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(30) };

    public static async Task<int> On(SiloServer silo)
    {
        var text = await Http.GetStringAsync(new Uri($"http://127.0.0.1:{silo.Port}/metrics"));
        return LiveThere().Match(text) is { Success: true } found
            ? int.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>The one that most live on.</summary>
    public static async Task<SiloServer> Fullest(IReadOnlyList<SiloServer> silos)
    {
        var counts = await Task.WhenAll(silos.Select(On));
        return silos[Array.IndexOf(counts, counts.Max())];
    }

    [GeneratedRegex("""^orleans_grains\{grain_type="tenant"\} ([0-9]+)""", RegexOptions.Multiline)]
    private static partial Regex LiveThere();
}
