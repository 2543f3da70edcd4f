using System.Net.Sockets;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Tests;

public class LookupTests
{
    private int _asked;
    private bool _onPool;

    [Fact]
    public async Task Names_that_are_not_answered_hold_one_thread_of_a_webhook_and_none_of_the_pool_N4()
    {
        using var silence = new ManualResetEventSlim();
        var lookup = new Lookup(host =>
        {
            _asked++;
            _onPool |= Thread.CurrentThread.IsThreadPoolThread;
            silence.Wait();
            return host == "none" ? throw new SocketException() : [IPAddress.Loopback];
        });
        using var late = new CancellationTokenSource();
        var asking = Enumerable.Range(0, 100).Select(_ => lookup.Of("one", late.Token)).ToList();
        var patient = lookup.Of("one", CancellationToken.None);
        var other = lookup.Of("another", CancellationToken.None);
        var none = lookup.Of("none", CancellationToken.None);
        await late.CancelAsync();
        foreach (var one in asking) await Assert.ThrowsAsync<TaskCanceledException>(() => one);
        Assert.False(patient.IsCompleted);
        Assert.True(_asked <= 1);

        silence.Set();
        Assert.Equal([IPAddress.Loopback], await patient);
        Assert.Equal([IPAddress.Loopback], await other);
        await Assert.ThrowsAsync<SocketException>(() => none);
        Assert.False(_onPool);
    }
}
