using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MeteringGateway.Demo;

/// <summary>The desks and the story: redrawn in place on a terminal, one line after another anywhere else.</summary>
internal static class View
{
    private const int BarWidth = 30;
    private const int StoryLines = 8;

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
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{at.TotalSeconds,5:0.0} s  {what}"));
                told++;
            }
        }
    }

    private static async Task<bool> Pause(int milliseconds, CancellationToken until)
    {
        await Task.Delay(milliseconds, until).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !until.IsCancellationRequested;
    }

    private static Rows Draw(Stage stage)
    {
        var table = new Table().Border(TableBorder.Rounded)
            .AddColumns("tenant", "resolutions against the cap", "state");
        table.AddColumn(new TableColumn("reported").RightAligned())
            .AddColumn(new TableColumn("handed to people").RightAligned());
        foreach (var desk in stage.Desks.Values.Select(d => d.Now))
            table.AddRow(new Markup($"[bold]{desk.Tenant}[/]"), Bar(desk),
                new Markup($"[{Colour(desk)}]{desk.State}[/]"), Number(desk.Reported), Number(desk.HandedOff));
        var lines = stage.Story.From(0).TakeLast(StoryLines)
            .Select(l =>
                new Markup(string.Create(CultureInfo.InvariantCulture,
                    $"[grey]{l.At.TotalSeconds,5:0.0} s[/]  {l.What.EscapeMarkup()}")));
        return new Rows([table, .. lines]);
    }

    private static Markup Bar(Glance desk)
    {
        var filled = Math.Clamp(desk.Exposure * BarWidth / Math.Max(1, desk.Cap), 0, BarWidth);
        return new Markup(
            $"[{Colour(desk)}]{new string('█', filled)}[/][grey]{new string('░', BarWidth - filled)}[/] "
                + $"{desk.Exposure} of {desk.Cap}");
    }

    private static string Colour(Glance desk) => desk.Stopped ? "red" : desk.State == "warned" ? "yellow" : "green";

    private static IRenderable Number(int value) => new Text(value.ToString(CultureInfo.InvariantCulture));
}
