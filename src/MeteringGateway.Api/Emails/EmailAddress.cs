using System.Buffers;

namespace MeteringGateway.Api.Emails;

/// <summary>
/// Which addresses mail is sent to: those that need no quoting (RFC 5321, a dot-atom at a host name), in ASCII. What a
/// header, or a command to the server, could be made of is none of them.
/// </summary>
internal static class EmailAddress
{
    public const string Form = "must be an e-mail address in ASCII, such as finance@acme.example, of at most 254 "
        + "characters";

    private static readonly SearchValues<char> Atom = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+/=?^_`{|}~-");

    public static bool Is(string? address)
    {
        if (address is not { Length: >= 6 and <= 254 }) return false;
        var at = address.IndexOf('@', StringComparison.Ordinal);
        return at > 0 && IsLocal(address.AsSpan(0, at)) && IsHost(address[(at + 1)..]);
    }

    /// <summary>The same mailbox, as far as anybody but its host can tell.</summary>
    public static string Folded(string address) => address.ToLowerInvariant();

    private static bool IsLocal(ReadOnlySpan<char> local) => local.Length <= 64 && !local.ContainsAnyExcept(Atom)
        && local[0] != '.' && local[^1] != '.' && !local.Contains("..", StringComparison.Ordinal);

    private static bool IsHost(string host)
    {
        var labels = host.Split('.');
        // The last is no number: it would be an address of a machine.
        return labels.Length >= 2 && labels.All(IsLabel) && !char.IsAsciiDigit(labels[^1][0]);
    }

    private static bool IsLabel(string label) => label.Length is >= 1 and <= 63 && label[0] != '-' && label[^1] != '-'
        && label.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-');
}
