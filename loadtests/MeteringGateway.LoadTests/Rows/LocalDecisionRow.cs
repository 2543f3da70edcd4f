using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using MeteringGateway.Sdk;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// A decision of the SDK from a slice that it holds, against an addition that nobody contends for: what a runtime pays
/// for asking before it acts.
/// </summary>
public static class LocalDecisionRow
{
    private const int Decisions = 40_000; // fewer than half of a slice, so that none is asked for on the way
    private const int Rounds = 20;

    private static long _counter;

    public static async Task<Row> Measure(Options options)
    {
        using var http = new HttpClient(new Units());
        var client = new MeteringClient(http, new MeteringOptions { Address = new Uri("http://local/"), Key = "k" });
        var gate = new Gate();
        gate.Hear(new SignalEvent(SignalKind.Connected));
        await using var allowance = new Allowance(client, gate, "t", Question.Outcome("a"), new AllowanceOptions
        {
            OnUnavailable = OnUnavailable.Deny, SliceTime = TimeSpan.FromHours(2), SmallestSlice = 100_000,
            LargestSlice = 100_000, PermitTime = TimeSpan.FromHours(2),
        });
        allowance.Return(await allowance.DecideAsync());
        var permits = new Permit[Decisions];
        var (ours, theirs) = (new List<double>(), new List<double>());
        for (var i = 2 * options.First; i < options.Pairs; i++)
        {
            var decided = 0d;
            if (i % 2 == 0) decided = Decide(allowance, permits);
            var added = Add();
            if (i % 2 != 0) decided = Decide(allowance, permits);
            if (i < 0) continue;
            ours.Add(decided);
            theirs.Add(added);
        }
        return new Row("SDK, a local decision from a held slice", "an uncontended Interlocked.Add", 100, 40, 15, [.. ours.Zip(theirs, (o, t) => o / t)],
        [
            string.Create(CultureInfo.InvariantCulture,
                $"a decision: {Statistics.Median(ours):0.0} ns; an addition: {Statistics.Median(theirs):0.0} ns"),
        ])
        {
            LowerIsBetter = true,
        };
    }

    private static double Decide(Allowance allowance, Permit[] permits)
    {
        var spent = TimeSpan.Zero;
        for (var round = 0; round < Rounds; round++)
        {
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < permits.Length; i++) allowance.TryDecide(out permits[i]);
            spent += Stopwatch.GetElapsedTime(started);
            foreach (var permit in permits)
            {
                if (!permit.MayAct) throw new InvalidOperationException("a unit that is held was not given away");
                allowance.Return(permit);
            }
        }
        return spent.TotalNanoseconds / Rounds / permits.Length;
    }

    private static double Add()
    {
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < Rounds * Decisions; i++) Interlocked.Add(ref _counter, 1);
        return Stopwatch.GetElapsedTime(started).TotalNanoseconds / Rounds / Decisions;
    }

    /// <summary>A gateway that has as many units as are asked for.</summary>
    private sealed class Units : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancellationToken) => Task.FromResult(new HttpResponseMessage(HttpStatusCode.Created)
            {
                Content = new StringContent("""
                    {"decision":"allow","reason":"ok","period":"2026-11-01","sequence":1,
                     "reservation":{"id":"r1","quantity":100000,"remaining":100000,
                       "expires_at":"2026-11-01T00:00:00.000Z"}}
                    """, Encoding.UTF8, "application/json"),
            });
    }
}
