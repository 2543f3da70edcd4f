namespace MeteringGateway.Core;

/// <summary>
/// N1: what could lead to a sum that leaves 64 bits is refused before it becomes true. What is due and what reverses
/// are never refused; there is always room for them.
/// </summary>
public ref partial struct Turn
{
    /// <summary>Null: the outcome is within bounds, once what it draws is no longer held.</summary>
    private Answer? Overflow(in Place place, OutcomeType type, Command.ReportOutcome report, int drawn)
    {
        var more = _state.UnitStake(place.Book, place.Subject, report.Time ?? _now) * place.Quantity;
        if (drawn > 0)
            more -= _state.HeldUnitStake(place.Book, _state.Held(report.Reservation!)!.Subject) * drawn;
        return Overflow(place.Book, more)
            ?? (type.Credits is null || _state.HasRoomForCredits(0) ? null : TooManyCredits());
    }

    private Answer? Overflow(PeriodBook book, Int128 more) => _state.HasRoom(book, more) ? null
        : Refuse(Refusal.AmountOverflow,
            $"with it, what the period {book.Period.Id:O} has, at the highest price of each unit, might come to more "
            + $"than {new Amount(TenantState.Most)}");

    private static Answer TooManyCredits() => Refuse(Refusal.AmountOverflow,
        $"the credits that there are, with those that come with a period, might come to more than "
        + $"{new Amount(TenantState.Most)}, or be worth more");

    private static Answer? Overflow(Terms terms) => TenantState.Excess(terms) is not { } what ? null
        : Refuse(Refusal.AmountOverflow, $"the {what} come to more than {new Amount(TenantState.Most)}");

    private Answer? Overflow(Terms terms, Instant from) => Overflow(terms)
        ?? (_state.HasRoomUnder(terms, from) ? null
            : Refuse(Refusal.AmountOverflow,
                $"under these terms, what stands and what is held might come to more than "
                + $"{new Amount(TenantState.Most)}"));
}
