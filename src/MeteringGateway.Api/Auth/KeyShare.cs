namespace MeteringGateway.Api.Auth;

/// <summary>How much of a kind one key has at one time.</summary>
internal sealed class KeyShare
{
    private long _taken;

    /// <summary>
    /// Takes so much, to be given back; false, and nothing taken, when it would be more than there may be.
    /// </summary>
    /// <param name="most">0 is no limit.</param>
    public bool TryTake(long most, long much = 1)
    {
        if (Interlocked.Add(ref _taken, much) <= most || most <= 0) return true;
        GiveBack(much);
        return false;
    }

    public void GiveBack(long much = 1) => Interlocked.Add(ref _taken, -much);

    /// <summary>Takes one until it is disposed; null when there may be no more.</summary>
    public IDisposable? Open(long most) => TryTake(most) ? new Opened(this) : null;

    private sealed class Opened(KeyShare share) : IDisposable
    {
        private KeyShare? _share = share;

        public void Dispose() => Interlocked.Exchange(ref _share, null)?.GiveBack();
    }
}
