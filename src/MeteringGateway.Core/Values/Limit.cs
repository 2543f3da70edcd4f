namespace MeteringGateway.Core;

/// <summary>
/// A number of units, or an amount (C1): what a cap, an overage rule or a threshold is set to, and what stands against
/// it.
/// </summary>
/// <param name="Value">Units; with <paramref name="IsMoney"/> millionths of the currency, or of a credit.</param>
public readonly record struct Limit(long Value, bool IsMoney)
{
    public static Limit Of(Amount amount) => new(amount.Micros, IsMoney: true);

    /// <summary>The same kind of number with another value.</summary>
    public Limit With(long value) => this with { Value = value };

    public long? Units => IsMoney ? null : Value;
    public Amount? Amount => IsMoney ? new Amount(Value) : null;

    public static implicit operator Limit(long units) => new(units, IsMoney: false);

    /// <summary>For people: an amount of money in the currency's digits.</summary>
    public string ToString(string currency) =>
        IsMoney ? $"{new Amount(Value).ToString(Currencies.Digits(currency))} {currency}" : ToString();

    public override string ToString() => IsMoney ? new Amount(Value).ToString(2) : $"{Value} units";
}
