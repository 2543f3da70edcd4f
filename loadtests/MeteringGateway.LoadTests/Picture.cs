using System.Globalization;
using System.Security;
using System.Text;

namespace MeteringGateway.LoadTests;

/// <summary>
/// The table as SVG: a bar for each row, on a logarithmic scale of how it stands to its target (1, the line in the
/// middle; to the right is better, whichever way the figure itself counts), with its spread and its three marks.
/// </summary>
internal static class Picture
{
    private const int Left = 560;
    private const int Width = 520;
    private const int Each = 38;
    private const int Top = 74;

    /// <summary>Times the target, at the edges; what lies beyond is drawn at the edge.</summary>
    private const double Least = 1 / 32.0, Most = 32;

    public static string Of(Report report)
    {
        var rows = report.Rows.Where(row => row.Target is not null || row.Median is null).ToList();
        var height = Top + Each * rows.Count + 30;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Left + Width + 130} {height}" font-family="sans-serif" font-size="12">
            <title>How each figure stands to its target</title>
            <rect width="100%" height="100%" fill="#fff"/>
            <text x="10" y="20" font-size="15" font-weight="bold">How each figure stands to its target (to the right is better)</text>
            <text x="10" y="38" fill="#555">{report.MeasuredAt:yyyy-MM-dd}, {SecurityElement.Escape(report.Machine.ToString())}</text>

            """);
        foreach (var times in (double[])[1 / 32.0, 1 / 16.0, 1 / 8.0, 1 / 4.0, 1 / 2.0, 1, 2, 4, 8, 16, 32])
        {
            var words = times >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{times}")
                : string.Create(CultureInfo.InvariantCulture, $"1/{1 / times}");
            text.Append(CultureInfo.InvariantCulture, $"""
                <line x1="{X(times)}" y1="{Top - 8}" x2="{X(times)}" y2="{height - 26}" stroke="{(times == 1 ? "#333" : "#ddd")}"/>
                <text x="{X(times)}" y="{Top - 12}" text-anchor="middle" fill="#555">{words}</text>

                """);
        }
        for (var i = 0; i < rows.Count; i++) Draw(text, rows[i], Top + i * Each);
        text.Append(CultureInfo.InvariantCulture, $"""
            <text x="{Left}" y="{height - 8}" fill="#555">| floor, target, beyond; the thin line is the spread</text>
            </svg>

            """);
        return text.ToString();
    }

    private static void Draw(StringBuilder text, Row row, int y)
    {
        text.Append(CultureInfo.InvariantCulture,
            $"<text x=\"{Left - 8}\" y=\"{y + 13}\" text-anchor=\"end\">{SecurityElement.Escape(row.Figure)}</text>\n<text x=\"{Left - 8}\" y=\"{y + 26}\" text-anchor=\"end\" font-size=\"9\" fill=\"#777\">{SecurityElement.Escape(row.Against)}</text>\n");
        if (row.Median is not { } median)
        {
            text.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left + 8}\" y=\"{y + 16}\" fill=\"#777\">not measured</text>\n");
            return;
        }
        double Times(double value) => row.LowerIsBetter ? row.Target!.Value / value : value / row.Target!.Value;
        var colour = row.Reached switch
        {
            "beyond" => "#1a7f37", "target" => "#4c9a52", "floor" => "#c99700", _ => "#c0392b",
        };
        var (from, to) = (X(Math.Min(Times(row.Low!.Value), Times(row.High!.Value))),
            X(Math.Max(Times(row.Low.Value), Times(row.High.Value))));
        text.Append(CultureInfo.InvariantCulture, $"""
            <rect x="{Left}" y="{y + 5}" width="{X(Times(median)) - Left}" height="14" fill="{colour}"/>
            <line x1="{from}" y1="{y + 12}" x2="{to}" y2="{y + 12}" stroke="#222"/>
            <text x="{Left + Width + 8}" y="{y + 16}">{Report.Number(median)}: {row.Reached}</text>

            """);
        foreach (var mark in (double?[])[row.Floor, row.Target, row.Beyond])
            text.Append(CultureInfo.InvariantCulture,
                $"<line x1=\"{X(Times(mark!.Value))}\" y1=\"{y + 2}\" x2=\"{X(Times(mark.Value))}\" y2=\"{y + 22}\" stroke=\"#222\" stroke-width=\"2\"/>\n");
    }

    private static double X(double times) => Math.Round(Left
        + Width * Math.Log(Math.Clamp(times, Least, Most) / Least) / Math.Log(Most / Least), 1);
}
