using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Tests;

public class TurnQueueTests
{
    [Fact]
    public async Task So_many_wait_for_one_turn_and_whoever_is_more_is_told_so_at_once_N4()
    {
        using var queue = new TurnQueue();
        using var giveUp = new CancellationTokenSource();
        var first = queue.Enter(CancellationToken.None);
        var second = queue.Enter(CancellationToken.None);
        var others = Enumerable.Range(2, TurnQueue.Most - 2).Select(_ => queue.Enter(giveUp.Token)).ToList();
        Assert.True(first.IsCompletedSuccessfully);
        var full = await Assert.ThrowsAsync<ProblemException>(() => queue.Enter(CancellationToken.None));
        Assert.Equal((503, "busy", 1), (full.Problem.Status, full.Problem.Code, full.Problem.RetryAfter));

        await giveUp.CancelAsync();
        foreach (var other in others) await Assert.ThrowsAsync<OperationCanceledException>(() => other);
        var third = queue.Enter(CancellationToken.None);
        queue.Leave();
        await second;
        Assert.False(third.IsCompleted);
        queue.Leave();
        await third;
        queue.Leave();
        Assert.True(queue.IsIdle);
    }
}
