using Spectre.Console;

namespace MeteringGateway.Demo;

/// <summary>As wide as the terminal; 80 columns where there is none.</summary>
internal static class Page
{
    private const int Default = 80;

    public static int Width { get; } =
        Console.IsOutputRedirected ? Default : Math.Max(60, AnsiConsole.Profile.Width);

    /// <summary>Lines that fit, broken between words; those after the first begin under the first word.</summary>
    /// <param name="margin">Columns before the text, on every line.</param>
    public static IEnumerable<string> Fold(string text, int margin)
    {
        var line = "";
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && margin + line.Length + 1 + word.Length > Width)
            {
                yield return line;
                line = word;
            }
            else line = line.Length == 0 ? word : $"{line} {word}";
        }
        yield return line;
    }

    /// <summary>Writes a text behind a mark, such as the time; its further lines begin under the first.</summary>
    public static void Write(string mark, string text)
    {
        foreach (var line in Fold(text, mark.Length))
        {
            Console.WriteLine(mark + line);
            mark = new string(' ', mark.Length);
        }
    }
}
