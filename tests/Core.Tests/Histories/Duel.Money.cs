using MeteringGateway.Core.Tests.Oracles;

namespace MeteringGateway.Core.Tests.Histories;

/// <summary>Figures of money and credits (F1 to F8, N2, N3, Q2).</summary>
internal sealed partial class Duel
{
    private string? Charges(Report report, OutcomeFigure figure)
    {
        static string[] Texts(IEnumerable<Charge> charges) =>
            [.. charges.GroupBy(one => (one.Source, one.UnitPrice))
                .Select(part => $"{part.Sum(one => one.Units)} {part.Key.Source} at "
                + $"{part.Key.UnitPrice} {part.Sum(one => one.Amount.Micros)} {part.Sum(one => one.Credits.Micros)}")
                    .Order(StringComparer.Ordinal)];

        var (should, was) = (Texts(_oracle.ChargesOf(report)), Texts(figure.Charges));
        return should.SequenceEqual(was) ? null
            : $"charges: {report.Id} expected [{string.Join("; ", should)}], was [{string.Join("; ", was)}]";
    }

    private string? Statement(Period period, PeriodStatus status, Usage usage)
    {
        if (_real.State.Statement(period.Id) is not { } statement) return $"statement: none of {period.Id:O}";
        var lines = _oracle.LinesOf(period);
        if (Same("statement", lines, statement.Lines.Select(line => line.Line)) is { } difference) return difference;
        var rounded = lines.Aggregate(Amount.Zero, (sum, line) => sum + Rounded(line.Amount));
        var unrounded = lines.Aggregate(Amount.Zero, (sum, line) => sum + line.Amount);
        if (statement.Total != rounded || statement.UnroundedTotal != unrounded || statement.Status != status)
            return $"total: expected {rounded} of {unrounded} {status}, was {statement.Total} of {statement.UnroundedTotal} {statement.Status}";
        if (usage.Total != rounded) return $"total of usage: expected {rounded}, was {usage.Total}";
        var credits = _oracle.CreditsUsed(period);
        return statement.CreditsUsed == credits ? null
            : $"credits used: expected {credits}, was {statement.CreditsUsed}";
    }

    // N3: half to even, to cents.
    private static Amount Rounded(Amount amount) =>
        new((long)(Math.Round(amount.Micros / 10_000m, MidpointRounding.ToEven) * 10_000));

    private string? Finance()
    {
        var usage = OpenUsage!;
        return Commitments(usage) ?? Grants(usage) ?? Overage(usage) ?? Thresholds() ?? Forecast(usage);
    }

    private string? Commitments(Usage usage)
    {
        static string Text(Commitment commitment, long used) => $"{commitment} used {used}";
        var should = _oracle.CommitmentsIn(_oracle.Open).Select(one => Text(one.Commitment, one.Used)).ToList();
        var was = usage.Commitments.Select(one => Text(one.Commitment, one.Used.Value)).ToList();
        return should.SequenceEqual(was) ? null
            : $"commitments: expected {string.Join("; ", should)}, was {string.Join("; ", was)}";
    }

    private string? Grants(Usage usage)
    {
        var standing = _oracle.Lots.Where(_oracle.IsListed).OrderBy(lot => lot.Place).ToList();
        if (!standing.Select(lot => lot.Id).SequenceEqual(usage.Credits.Grants.Select(grant => grant.Id)))
            return $"grants listed: expected {string.Join(", ", standing.Select(lot => lot.Id))}, was {string.Join(", ", usage.Credits.Grants)}";
        var balance = standing.Where(lot => lot.Funds(_oracle.Now))
            .Aggregate(Amount.Zero, (sum, lot) => sum + _oracle.LeftOf(lot));
        if (usage.Credits.Balance != balance) return $"balance: expected {balance}, was {usage.Credits.Balance}";
        if (usage.Credits.Value != _oracle.Worth(balance))
            return $"value: expected {_oracle.Worth(balance)}, was {usage.Credits.Value}";
        return standing.Zip(usage.Credits.Grants, Compare).FirstOrDefault(difference => difference is not null);
    }

    private string? Overage(Usage usage)
    {
        var should = _oracle.OverageIn(_oracle.Open);
        if (should != (usage.Overage.Units, usage.Overage.Amount))
            return $"overage: expected {should}, was {usage.Overage}";
        if (usage.Overage.Authorized != _oracle.NothingWaits)
            return $"authorized: expected {_oracle.NothingWaits}, was {usage.Overage}";
        var included = usage.Included.Select(one => $"{one.OutcomeType} {one.Used} of {one.Units}");
        if (Same("included", _oracle.IncludedIn(_oracle.Open), included) is { } difference) return difference;
        var authorization = _real.State.Figure(_oracle.Now).Authorization;
        return authorization == _oracle.AuthorizationFor(_oracle.Open) ? null
            : $"authorization: expected {_oracle.AuthorizationFor(_oracle.Open)}, was {authorization}";
    }

    private string? Thresholds()
    {
        static string Text(Threshold threshold, bool crossed, long? level, long? inForce) =>
            $"{threshold} crossed {crossed} at {level} of {inForce}";
        var should = _oracle.Thresholds.Values.Select(one =>
            Text(one, _oracle.IsCrossed(one.Id), _oracle.LevelOf(one).Level, _oracle.LevelOf(one).InForce))
                .Order(StringComparer.Ordinal);
        var was = _real.State.Thresholds(_oracle.Now)
            .Select(one => Text(one.Threshold, one.Crossed, one.Level?.Value, one.InForce?.Value))
            .Order(StringComparer.Ordinal);
        return should.SequenceEqual(was) ? null
            : $"thresholds: expected {string.Join("; ", should)}, was {string.Join("; ", was)}";
    }

    private string? Forecast(Usage usage)
    {
        var was = usage.Forecast!; // nothing here comes near what cannot be counted
        var expected = _oracle.Forecast();
        var counted = expected is not null;
        foreach (var cap in was.Caps)
            if ((counted || _oracle.Caps[cap.Cap] is not { Limit.IsMoney: true, Period: CapPeriod.BillingPeriod,
                AtLimit.Action: not LimitAction.Notify }) && _oracle.ReachedAt(_oracle.Caps[cap.Cap]) is var at && at != cap.ReachedAt
                && (at is null || cap.ReachedAt is null
                || Math.Abs((at.Value - cap.ReachedAt.Value).TotalMilliseconds) > 1))
                return $"reached at: expected {_oracle.Caps[cap.Cap]} at {at}, was {cap.ReachedAt}, now {_oracle.Now}";
        return expected is not { } should
            || should == (was.Units, was.Amount, was.Uncapped.Units, was.Uncapped.Amount) ? null
            : $"forecast: expected {should}, was {was}";
    }

    // F4: what is kept up to date as outcomes come and go is what the rating comes to when it is made anew.
    private string? Rating() => _real.State.VerifyRating() is { } parted ? $"F4: {parted}" : null;
}
