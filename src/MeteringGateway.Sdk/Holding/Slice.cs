namespace MeteringGateway.Sdk.Holding;

/// <summary>
/// A reservation that is drawn on locally: units are taken by a compare and swap, and every one that was taken comes to
/// an end, as an outcome that was reported or as a unit that is given back. Only then is what is left given back, so
/// that no outcome on its way loses the unit that was promised to it.
/// </summary>
/// <param name="until">Timestamp from which nothing is taken of it.</param>
internal sealed class Slice(string id, long quantity, long until, long began)
{
    private const long Closed = long.MinValue / 2;

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _quantity = quantity;
    private long _left = quantity;
    private long _settled;
    private long _unused = -1;

    public string Id => id;
    public long Quantity => _quantity;
    public long Until => until;

    /// <summary>Timestamp at which it was asked for.</summary>
    public long Began => began;

    /// <summary>Timestamp from which it is to be held for longer, for what was taken.</summary>
    public long RenewAt { get; set; }

    /// <summary>Timestamp from which it is not, whoever forgot to say what became of a unit.</summary>
    public long ForgetAt { get; init; }

    public long Left => Math.Max(0, Volatile.Read(ref _left));

    /// <summary>Units that were left when it was closed.</summary>
    public long Unused => Math.Max(0, Volatile.Read(ref _unused));

    /// <summary>It is closed, and every unit that was taken has come to an end.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Units that were taken and have not come to an end.</summary>
    public long Outstanding
    {
        get { lock (_lock) return _quantity - (_unused >= 0 ? _unused : Volatile.Read(ref _left)) - _settled; }
    }

    /// <summary>Takes units, if there are as many.</summary>
    public bool TryTake(int units, out long left)
    {
        for (var seen = Volatile.Read(ref _left); ; )
        {
            left = seen - units;
            if (left < 0) return false;
            var now = Interlocked.CompareExchange(ref _left, left, seen);
            if (now == seen) return true;
            seen = now;
        }
    }

    /// <summary>Units that were taken and not used: they can be taken again, as long as it is open.</summary>
    /// <exception cref="InvalidOperationException">So many are not outstanding.</exception>
    public void GiveBack(int units)
    {
        lock (_lock)
        {
            Demand(units);
            if (_unused < 0) Interlocked.Add(ref _left, units);
            else _settled += units;
            EndIfSo();
        }
    }

    /// <summary>Units whose outcome was answered, whatever became of it.</summary>
    public void Settle(int units)
    {
        lock (_lock)
        {
            Demand(units);
            _settled += units;
            EndIfSo();
        }
    }

    /// <summary>Nothing more is taken of it.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_unused >= 0) return;
            _unused = Interlocked.Exchange(ref _left, Closed);
            EndIfSo();
        }
    }

    private void Demand(int units)
    {
        if (Outstanding < units)
            throw new InvalidOperationException("What became of this permit's units was said before.");
    }

    private void EndIfSo()
    {
        if (_unused >= 0 && _settled == _quantity - _unused) _ended.TrySetResult();
    }
}
