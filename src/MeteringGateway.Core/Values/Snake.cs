using System.Text;

namespace MeteringGateway.Core;

/// <summary>Names as they are written outside: <c>OverCap</c> is <c>over_cap</c>.</summary>
public static class Snake
{
    public static string Case(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && text.Length > 0) text.Append('_');
            text.Append(char.ToLowerInvariant(letter));
        }
        return text.ToString();
    }
}
