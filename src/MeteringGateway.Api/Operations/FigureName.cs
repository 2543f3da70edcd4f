using System.Diagnostics.Metrics;
using System.Text;

namespace MeteringGateway.Api.Operations;

/// <summary>An instrument as it is shown: the family's name, and what it says, for whoever reads the page.</summary>
internal sealed record Figure(string Name, string Help)
{
    /// <summary>It only grows, and its name says so.</summary>
    public bool IsCounter => Name.EndsWith("_total", StringComparison.Ordinal);
}

/// <summary>Which instruments are shown, and names as Prometheus' text format wants them.</summary>
internal static class FigureName
{
    /// <summary>Null: it is not shown.</summary>
    public static Figure? Find(Instrument instrument) => instrument.Meter.Name == Instruments.Name
        ? new Figure(Of(instrument), instrument.Description ?? "")
        : ForeignFigures.Find(instrument);

    /// <summary>Letters, digits and underscores.</summary>
    public static string Plain(string name)
    {
        var written = new StringBuilder(name);
        for (var i = 0; i < written.Length; i++)
            if (!char.IsAsciiLetterOrDigit(written[i])) written[i] = '_';
        if (written.Length == 0 || char.IsAsciiDigit(written[0])) written.Insert(0, '_');
        return written.ToString();
    }

    /// <summary>
    /// Dots become underscores; seconds and bytes are a suffix, and so is <c>total</c> of what only grows.
    /// </summary>
    private static string Of(Instrument instrument)
    {
        var name = Plain(instrument.Name);
        var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        if (!name.EndsWith(unit, StringComparison.Ordinal)) name += unit;
        return OnlyGrows(instrument.GetType().GetGenericTypeDefinition()) ? name + "_total" : name;
    }

    private static bool OnlyGrows(Type kind) => kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>);
}
