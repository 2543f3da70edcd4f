using System.Runtime.CompilerServices;

namespace MeteringGateway.Core;

/// <summary>What folding takes from the bytes of entries (<see cref="TenantState.Folding"/>).</summary>
internal sealed partial class OutcomeTable
{
    /// <summary>So many will be added to a table that has none.</summary>
    public void Expect(int outcomes) => _places.Expect(outcomes);

    /// <summary>The newest, whose row is known; <see cref="Own"/> is told of its kind later.</summary>
    /// <param name="row">As another's, with its own times and sequence.</param>
    /// <param name="id">With the other texts: each of its characters is a byte.</param>
    /// <returns>Its place.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int AddLike(in OutcomeRow row, ReadOnlySpan<byte> id, ReadOnlySpan<byte> eventId, bool hasEventId,
        ReadOnlySpan<byte> session, bool hasSession)
    {
        var page = _pages[^1];
        if (page.IsFull) _pages.Add(page = new OutcomePage(row.ReportedBy, page));
        var place = (_pages.Count - 1) * OutcomePage.Most + page.Count;
        page.Add(row, id, eventId, hasEventId, session, hasSession);
        _places.Add(new Slot(_key.Of(id), place));
        if (row.Status == OutcomeStatus.Pending && row.ClosesAfter != OutcomeRow.Never)
            (_windows ??= new(this)).Add(new Instant(row.Time + row.ClosesAfter), place);
        return place;
    }

    /// <summary>So many more rows are of a kind.</summary>
    public void Own(int kind, int rows) => _kinds.TakeAgain(kind, rows);

    /// <summary>A copy.</summary>
    public OutcomeRow RowOf(int place) => RowAt(place);

    /// <param name="name">Each of its characters is a byte.</param>
    public int HashOf(ReadOnlySpan<byte> name) => _key.Of(name);

    /// <param name="name">Each of its characters is a byte.</param>
    public bool IsOfSession(int place, ReadOnlySpan<byte> name) =>
        PageOf(place).SessionAsciiOf(place % OutcomePage.Most) is var session && session.SequenceEqual(name)
            && (!session.IsEmpty || IsOfSession(place, ""));
}
