using System.Buffers;
using System.IO.Pipelines;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Events;

/// <summary>
/// Reads events line by line as they arrive, and hands them on in groups: while one is being decided the next is read.
/// No more than two groups and one line are in memory, however long the stream is.
/// </summary>
/// <param name="mayGoOn">False since the key was ended: nothing more is taken.</param>
/// <param name="stopping">The process ends: what was accepted is answered, and no more is read.</param>
internal sealed class EventStream(
    ITenants tenants, Principal caller, RefusedEvents refused, MeteringLimits limits, EndCustomers customers,
    EventAnswers answers, Pace pace, Func<bool> mayGoOn, CancellationToken stopping)
{
    private readonly EventReader _reader = new(limits, customers);
    private EventGroup _filling = new(tenants, caller, refused, isPart: true);
    private EventGroup? _deciding;
    private Task _decided = Task.CompletedTask;
    private bool _skipping; // the rest of a line that is too long
    private bool _taken; // anything but blank lines
    private int _nothing; // lines, and pieces of one that is too long, that are no events and are read all the same

    public async Task Run(PipeReader body, CancellationToken cancellation)
    {
        await using var end = stopping.Register(body.CancelPendingRead);
        while (true)
        {
            var next = body.ReadAsync(cancellation);
            // Nothing more has come yet: whoever waits for answers before sending more gets them now.
            if (!next.IsCompleted) await Drain(cancellation);
            ReadResult read;
            try
            {
                read = await next;
            }
            catch (ProblemException broken) when (_taken)
            {
                // What came before it counts, and the rest cannot be read.
                _filling.Add(new ReadEvent(null, null, null, broken.Problem));
                await Decide(cancellation);
                break;
            }
            if (read.IsCanceled || stopping.IsCancellationRequested) break;
            if (!mayGoOn())
            {
                _filling.Add(new ReadEvent(null, null, null, Gate.NoKey));
                await Decide(cancellation);
                break;
            }
            var rest = read.Buffer;
            while (Line(ref rest)) if (_filling.Count == EventGroup.Most) await Decide(cancellation);
            if (read.IsCompleted) Last(ref rest);
            else if (rest.Length > limits.EventBytes) Skip(ref rest);
            body.AdvanceTo(rest.Start, rest.End);
            if (_filling.Count > 0) await Decide(cancellation);
            if (_nothing > 0)
            {
                await pace.Wait(_nothing, cancellation);
                _nothing = 0;
            }
            if (read.IsCompleted) break;
        }
        await Drain(cancellation);
    }

    private bool Line(ref ReadOnlySequence<byte> rest)
    {
        if (rest.PositionOf((byte)'\n') is not { } end) return false;
        Take(rest.Slice(0, end));
        rest = rest.Slice(rest.GetPosition(1, end));
        return true;
    }

    private void Last(ref ReadOnlySequence<byte> rest)
    {
        Take(rest);
        rest = rest.Slice(rest.End);
    }

    private void Skip(ref ReadOnlySequence<byte> rest)
    {
        if (_skipping) _nothing++;
        else _filling.Add(new ReadEvent(null, null, null, Problem.TooLarge(limits.EventBytes, "The event")));
        _skipping = true;
        rest = rest.Slice(rest.End);
    }

    private void Take(in ReadOnlySequence<byte> line)
    {
        if (_skipping)
        {
            _skipping = false;
            return;
        }
        if (line.IsSingleSegment) Take(line.FirstSpan);
        else if (line.Length > limits.EventBytes)
            _filling.Add(new ReadEvent(null, null, null, Problem.TooLarge(limits.EventBytes, "The event")));
        else TakeCopy(line);
    }

    private void TakeCopy(in ReadOnlySequence<byte> line)
    {
        var copy = ArrayPool<byte>.Shared.Rent((int)line.Length);
        line.CopyTo(copy);
        Take(copy.AsSpan(0, (int)line.Length));
        ArrayPool<byte>.Shared.Return(copy);
    }

    private void Take(ReadOnlySpan<byte> line)
    {
        var trimmed = line.Trim(" \t\r"u8);
        if (trimmed.IsEmpty)
        {
            _nothing++;
            return;
        }
        _taken = true;
        _filling.Add(_reader.Read(trimmed));
    }

    // One group at a time: a tenant's events keep their order from group to group.
    private async Task Decide(CancellationToken cancellation)
    {
        await Drain(cancellation);
        await pace.Wait(_filling.Count, cancellation);
        _deciding = _filling;
        _decided = _deciding.Execute(cancellation);
        _filling = new EventGroup(tenants, caller, refused, isPart: true);
    }

    private async Task Drain(CancellationToken cancellation)
    {
        if (_deciding is null) return;
        await _decided;
        var done = _deciding;
        _deciding = null;
        await answers.Write(done, cancellation);
    }
}
