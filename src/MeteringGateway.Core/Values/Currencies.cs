using System.Collections.Frozen;

namespace MeteringGateway.Core;

/// <summary>
/// Currencies and their minor units: ISO 4217, list one (current currencies and funds), as its maintenance agency, SIX,
/// published it on 2026-01-01. What it lists without a minor unit (precious metals, bond market units, the SDR, codes
/// for tests and for no currency) cannot be rounded to, and is not among them.
/// </summary>
public static class Currencies
{
    private const string None = """
        BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF
        """;

    private const string Two = """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
        CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD
        HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK
        MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD
        RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
        USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
        """;

    private const string Three = """
        BHD IQD JOD KWD LYD OMR TND
        """;

    private const string Four = """
        CLF UYW
        """;

    private static readonly FrozenDictionary<string, int> ByCode =
        new[] { (0, None), (2, Two), (3, Three), (4, Four) }
            .SelectMany(list => list.Item2.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)
                .Select(code => (Code: code, Digits: list.Item1)))
            .ToFrozenDictionary(one => one.Code, one => one.Digits);

    /// <summary>Its alphabetic code is in the list.</summary>
    public static bool IsListed(string currency) => ByCode.ContainsKey(currency);

    /// <summary>
    /// Fraction digits of the currency's minor unit, 0 to 4; 2 for what the list does not have, which only accounts
    /// from before the list was asked have.
    /// </summary>
    public static int Digits(string currency) => ByCode.GetValueOrDefault(currency, 2);

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
