namespace MeteringGateway.Engine.Tests;

/// <summary>
/// Takes its time with one part of every snapshot, so that much goes on meanwhile, and a crash now and then: until it
/// is told to go on.
/// </summary>
/// <param name="part">From 0.</param>
internal sealed class SlowDisk(int part)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _goesOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isSlow = true;

    public Task Before(int number)
    {
        lock (_gate) return _isSlow && number == part ? _goesOn.Task : Task.CompletedTask;
    }

    /// <summary>From now on it takes its time, or does not; what it is at waits as before.</summary>
    public bool IsSlow
    {
        set
        {
            lock (_gate) _isSlow = value;
        }
    }

    public void GoOn()
    {
        lock (_gate)
        {
            _goesOn.SetResult();
            _goesOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
