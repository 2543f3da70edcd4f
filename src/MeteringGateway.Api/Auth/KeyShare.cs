namespace MeteringGateway.Api.Auth;

/// <summary>How much of a kind one key, or a family of keys, has at one time.</summary>
/// <param name="family">What counts there too; null for a key that is of none.</param>
internal sealed class KeyShare(KeyShare? family = null)
{
    private long _taken;

    /// <summary>Nothing of it is taken.</summary>
    public bool IsWhole => Volatile.Read(ref _taken) == 0;

    /// <summary>
    /// Takes so much, to be given back; false, and nothing taken, when it would be more than there may be.
    /// </summary>
    /// <param name="most">Of one key; 0 is no limit.</param>
    public bool TryTake(long most, long much = 1)
    {
        var taken = Interlocked.Add(ref _taken, much);
        if ((most <= 0 || taken <= most) && family?.TryTake(most * Shares.OfFamily, much) != false) return true;
        Interlocked.Add(ref _taken, -much);
        return false;
    }

    public void GiveBack(long much = 1)
    {
        Interlocked.Add(ref _taken, -much);
        family?.GiveBack(much);
    }

    /// <summary>Takes one until it is disposed; null when there may be no more.</summary>
    public IDisposable? Open(long most) => TryTake(most) ? new Opened(this) : null;

    private sealed class Opened(KeyShare share) : IDisposable
    {
        private KeyShare? _share = share;

        public void Dispose() => Interlocked.Exchange(ref _share, null)?.GiveBack();
    }
}
