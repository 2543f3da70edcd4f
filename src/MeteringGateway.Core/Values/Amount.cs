using System.Globalization;

namespace MeteringGateway.Core;

/// <summary>
/// Money or credits: a 64-bit integer in millionths of the unit, checked (rule N1). An overflow throws
/// <see cref="OverflowException"/>, which the turn answers as a refusal; it never wraps.
/// </summary>
/// <param name="Micros">Millionths of the currency's unit, or of a credit.</param>
public readonly record struct Amount(long Micros) : IComparable<Amount>
{
    private const long Scale = 1_000_000;

    public static readonly Amount Zero;

    /// <summary>
    /// Reads a plain decimal with at most six fraction digits: <c>0.99</c>, <c>-3</c>, <c>1200.000001</c>.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Amount value)
    {
        value = default;
        var negative = text.Length > 0 && text[0] == '-';
        var digits = negative ? text[1..] : text;
        var point = digits.IndexOf('.');
        var whole = point < 0 ? digits : digits[..point];
        var fraction = point < 0 ? [] : digits[(point + 1)..];
        if (whole.Length is 0 or > 13 || (point >= 0 && fraction.Length is 0 or > 6)) return false;
        if (whole.ContainsAnyExceptInRange('0', '9') || fraction.ContainsAnyExceptInRange('0', '9')) return false;
        var micros = Int128.Parse(whole, NumberStyles.None, CultureInfo.InvariantCulture) * Scale;
        if (fraction.Length > 0)
        {
            var padding = 1L;
            for (var i = fraction.Length; i < 6; i++) padding *= 10;
            micros += long.Parse(fraction, NumberStyles.None, CultureInfo.InvariantCulture) * padding;
        }
        if (micros > long.MaxValue) return false;
        value = new Amount(negative ? -(long)micros : (long)micros);
        return true;
    }

    /// <summary>True of an amount, not negative, that there would be if amounts were larger.</summary>
    public static bool IsTooLarge(ReadOnlySpan<char> text)
    {
        var point = text.IndexOf('.');
        var whole = point < 0 ? text : text[..point];
        var significant = whole.TrimStart('0');
        if (whole.IsEmpty || significant.IsEmpty || whole.ContainsAnyExceptInRange('0', '9')) return false;
        // Of as many digits as can be, what is behind the point may decide.
        if (significant.Length <= 13) return !TryParse(string.Concat(significant, text[whole.Length..]), out _)
            && TryParse(string.Concat("1", text[whole.Length..]), out _);
        return TryParse(string.Concat("1", text[whole.Length..]), out _);
    }

    public static Amount Parse(string text) =>
        TryParse(text, out var value) ? value : throw new FormatException($"'{text}' is not an amount");

    /// <summary>
    /// The shortest decimal with at least <paramref name="minimumFraction"/> (0 to 6) fraction digits.
    /// </summary>
    public string ToString(int minimumFraction)
    {
        var magnitude = Int128.Abs(Micros);
        var fraction = ((long)(magnitude % Scale)).ToString("D6", CultureInfo.InvariantCulture);
        var kept = fraction.TrimEnd('0').PadRight(minimumFraction, '0');
        var whole = (magnitude / Scale).ToString(CultureInfo.InvariantCulture);
        return (Micros < 0 ? "-" : "") + (kept.Length == 0 ? whole : whole + "." + kept);
    }

    public override string ToString() => ToString(0);

    public int CompareTo(Amount other) => Micros.CompareTo(other.Micros);

    public static Amount operator +(Amount a, Amount b) => new(checked(a.Micros + b.Micros));
    public static Amount operator -(Amount a, Amount b) => new(checked(a.Micros - b.Micros));
    public static Amount operator *(Amount a, long units) => new(checked(a.Micros * units));
    public static bool operator <(Amount a, Amount b) => a.Micros < b.Micros;
    public static bool operator >(Amount a, Amount b) => a.Micros > b.Micros;
    public static bool operator <=(Amount a, Amount b) => a.Micros <= b.Micros;
    public static bool operator >=(Amount a, Amount b) => a.Micros >= b.Micros;
}
