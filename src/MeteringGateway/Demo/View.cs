using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MeteringGateway.Demo;

/// <summary>The desks and the story: redrawn in place on a terminal, one line after another anywhere else.</summary>
internal static class View
{
    private const int StoryLines = 8;
    private const int StateWidth = 8;
    private const int NumberWidth = 9;

    /// <summary>Behind the bar, as in "100 of 100".</summary>
    private const int CountWidth = 10;

    /// <summary>Before what is told: "  12.3 s  ".</summary>
    private const int Margin = 9;

    /// <summary>Shows until cancelled.</summary>
    public static Task Show(Stage stage, CancellationToken until) =>
        Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Interactive ? Lines(stage, until)
            : Live(stage, until);

    private static Task Live(Stage stage, CancellationToken until) =>
        AnsiConsole.Live(Draw(stage)).StartAsync(async context =>
    {
        while (await Pause(100, until)) context.UpdateTarget(Draw(stage));
        context.UpdateTarget(Draw(stage));
    });

    private static async Task Lines(Stage stage, CancellationToken until)
    {
        var told = 0;
        for (var going = true; going;)
        {
            going = await Pause(100, until);
            foreach (var (at, what) in stage.Story.From(told))
            {
                Page.Write(Mark(at), what);
                told++;
            }
        }
    }

    private static async Task<bool> Pause(int milliseconds, CancellationToken until)
    {
        await Task.Delay(milliseconds, until).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !until.IsCancellationRequested;
    }

    // As high and as wide whatever has happened: nothing jumps.
    private static Rows Draw(Stage stage)
    {
        var desks = stage.Desks.Values.Select(desk => desk.Now).ToList();
        var nameWidth = desks.Max(desk => desk.Tenant.Length);
        // Five columns have six lines between and around them, and a blank on either side.
        var bar = Page.Width - (6 + 5 * 2) - nameWidth - StateWidth - 2 * NumberWidth;
        var table = new Table().Border(TableBorder.Rounded)
            .AddColumn(Column("tenant", nameWidth))
            .AddColumn(Column("against the cap", bar))
            .AddColumn(Column("state", StateWidth))
            .AddColumn(Column("reported", NumberWidth).RightAligned())
            .AddColumn(Column("to people", NumberWidth).RightAligned());
        foreach (var desk in desks)
            table.AddRow(new Markup($"[bold]{desk.Tenant}[/]"), Bar(desk, bar - CountWidth - 1),
                new Markup($"[{Colour(desk)}]{desk.State}[/]"), Number(desk.Reported), Number(desk.HandedOff));
        var lines = new List<string>();
        // What is told leaves whole.
        foreach (var told in stage.Story.From(0).Reverse().Select(one => Told(one).ToList())
            .TakeWhile(told => told.Count <= StoryLines - lines.Count))
            lines.InsertRange(0, told);
        while (lines.Count < StoryLines) lines.Add("");
        return new Rows([table, .. lines.Select(line => new Markup(line))]);
    }

    private static TableColumn Column(string name, int width) => new TableColumn(name).Width(width).NoWrap();

    private static IEnumerable<string> Told((TimeSpan At, string What) one)
    {
        var mark = Mark(one.At);
        foreach (var line in Page.Fold(one.What, Margin))
        {
            yield return $"[grey]{mark}[/]{line.EscapeMarkup()}";
            mark = new string(' ', Margin);
        }
    }

    private static string Mark(TimeSpan at) =>
        string.Create(CultureInfo.InvariantCulture, $"{at.TotalSeconds,5:0.0} s  ");

    private static Markup Bar(Glance desk, int width)
    {
        var filled = Math.Clamp(desk.Exposure * width / Math.Max(1, desk.Cap), 0, width);
        var count = $"{desk.Exposure,3} of {desk.Cap,3}";
        return new Markup(
            $"[{Colour(desk)}]{new string('█', filled)}[/][grey]{new string('░', width - filled)}[/] {count}");
    }

    private static string Colour(Glance desk) => desk.Stopped ? "red" : desk.State == "warned" ? "yellow" : "green";

    private static IRenderable Number(int value) => new Text(value.ToString(CultureInfo.InvariantCulture));
}
