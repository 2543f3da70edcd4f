using System.Diagnostics;
using System.Globalization;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.Sdk;

namespace MeteringGateway.LoadTests.Campaigns;

/// <summary>
/// How long runtimes go on after a tenant is paused: many of them, each with units held and deciding locally about once
/// a millisecond, while somebody pauses and resumes.
/// </summary>
internal sealed class PauseCampaign(Options options, TextWriter output)
{
    private const int Runtimes = 32;
    private const int Cap = 10_000;
    private const string Tenant = "many";
    private static readonly Question Question = Question.Outcome("support.resolution");

    public async Task Run()
    {
        output.WriteLine(options.Machine);
        var directory = Directory.CreateTempSubdirectory("metering-pause-");
        try
        {
            using var server = GatewayServer.Start(options.MeteringDll, directory.FullName);
            await server.PutPlan("many", $$$"""
                {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99"}],
                 "caps":[{"id":"monthly","limit":{"units":{{{Cap}}}},"at_limit":{"action":"pause"}}]}
                """);
            await server.PutTenant(Tenant, "many");
            await Measure(server);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private async Task Measure(GatewayServer server)
    {
        using var ended = new CancellationTokenSource();
        var runtimes = Enumerable.Range(0, Runtimes).Select(_ => new Runtime(server.Port, ended.Token)).ToList();
        using var admin = server.Administrator();
        var (fromCall, fromAnswer) = (new List<double>(), new List<double>());
        for (var round = -2; round < options.Rounds; round++)
        {
            await Until(runtimes, runtime => runtime.LastAllow > Stopwatch.GetTimestamp() - Stopwatch.Frequency / 20);
            await Task.Delay(200);
            var called = Stopwatch.GetTimestamp();
            await Post(admin, "pause", """{"action":"pause","reason":"measured"}""");
            var answered = Stopwatch.GetTimestamp();
            await Until(runtimes, runtime => runtime.LastRefusal > answered);
            var last = runtimes.Max(runtime => runtime.LastAllow);
            await Post(admin, "resume", "{}");
            if (round < 0) continue;
            fromCall.Add(Stopwatch.GetElapsedTime(called, last).TotalMilliseconds);
            fromAnswer.Add(Stopwatch.GetElapsedTime(answered, last).TotalMilliseconds);
        }
        var decisions = runtimes.Sum(runtime => runtime.Decisions);
        await ended.CancelAsync();
        foreach (var runtime in runtimes) await runtime.DisposeAsync();
        Line($"{Runtimes} runtimes over a cap of {Cap:N0}, {options.Rounds} pauses, {decisions:N0} local decisions");
        Line($"last local allow after the pause was called: {Words(fromCall)}");
        Line($"after it was answered: {Words(fromAnswer)}");
    }

    private static string Words(List<double> milliseconds)
    {
        var sorted = milliseconds.Order().ToList();
        return string.Create(CultureInfo.InvariantCulture,
            $"median {Statistics.Median(sorted):0.0} ms, worst {sorted[^1]:0.0} ms, soonest {sorted[0]:0.0} ms");
    }

    private void Line(FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static async Task Post(HttpClient admin, string what, string json)
    {
        using var body = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var answer = await admin.PostAsync(new Uri($"/v1/tenants/{Tenant}/{what}", UriKind.Relative), body);
        if (!answer.IsSuccessStatusCode)
            throw new InvalidOperationException($"{what}: {await answer.Content.ReadAsStringAsync()}");
    }

    private static async Task Until(List<Runtime> runtimes, Func<Runtime, bool> isSo)
    {
        for (var began = Stopwatch.GetTimestamp(); !runtimes.TrueForAll(runtime => isSo(runtime));)
        {
            if (Stopwatch.GetElapsedTime(began) > TimeSpan.FromMinutes(1))
                throw new TimeoutException("not all runtimes were stopped, or resumed");
            await Task.Delay(5);
        }
    }

    /// <summary>One agent runtime: its own connections, its own slice.</summary>
    private sealed class Runtime : IAsyncDisposable
    {
        private readonly HttpClient _http = new(new SocketsHttpHandler()) { Timeout = Timeout.InfiniteTimeSpan };
        private readonly Task _listening;
        private readonly Task _deciding;
        private long _lastAllow;
        private long _lastRefusal;

        public Runtime(int port, CancellationToken ended)
        {
            var client = new MeteringClient(_http, new MeteringOptions
            {
                Address = new Uri($"http://127.0.0.1:{port}"), Key = GatewayServer.AdminKey,
            });
            var gate = new Gate();
            _listening = gate.ListenAsync(client, [Tenant], ended);
            // All of them together hold less than the cap.
            var allowance = new Allowance(client, gate, Tenant, Question, new AllowanceOptions
            {
                OnUnavailable = OnUnavailable.Deny, LargestSlice = Cap / Runtimes / 2,
                DeafAfter = TimeSpan.FromHours(1),
            });
            _deciding = Decide(allowance, ended);
        }

        public long LastAllow => Volatile.Read(ref _lastAllow);
        public long LastRefusal => Volatile.Read(ref _lastRefusal);
        public long Decisions { get; private set; }

        private async Task Decide(Allowance allowance, CancellationToken ended)
        {
            await using var ending = allowance;
            while (!ended.IsCancellationRequested)
            {
                if (!allowance.TryDecide(out var permit)) permit = await allowance.DecideAsync(CancellationToken.None);
                Decisions++;
                Volatile.Write(ref permit.MayAct ? ref _lastAllow : ref _lastRefusal, Stopwatch.GetTimestamp());
                allowance.Return(permit);
                await Task.Delay(1, CancellationToken.None);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Task.WhenAll(_listening, _deciding).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _http.Dispose();
        }
    }
}
