namespace MeteringGateway.Core;

/// <summary>Minor units of currencies, as ISO 4217 lists them: two digits unless named here.</summary>
public static class Currencies
{
    private static readonly string[] None = ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF",
        "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"];
    private static readonly string[] Three = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
    private static readonly string[] Four = ["CLF", "UYW"];

    /// <summary>Fraction digits of the currency's minor unit, 0 to 4.</summary>
    public static int Digits(string currency) =>
        Array.IndexOf(None, currency) >= 0 ? 0 : Array.IndexOf(Three, currency) >= 0 ? 3
            : Array.IndexOf(Four, currency) >= 0 ? 4 : 2;

    /// <summary>To the currency's minor unit, half to even (N3).</summary>
    /// <exception cref="OverflowException">The rounded amount leaves 64 bits.</exception>
    public static Amount Round(Amount amount, string currency)
    {
        var unit = 1L;
        for (var digits = Digits(currency); digits < 6; digits++) unit *= 10;
        var (whole, rest) = Math.DivRem(amount.Micros, unit);
        var doubled = Math.Abs(rest) * 2;
        if (doubled > unit || (doubled == unit && whole % 2 != 0)) whole += Math.Sign(amount.Micros);
        return new Amount(checked(whole * unit));
    }
}
