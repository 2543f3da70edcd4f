using System.Collections.Concurrent;
using System.Globalization;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Campaigns;

/// <param name="Failures">What was not as it must be; empty when all is well.</param>
public sealed record SyscallReport(int Runs, IReadOnlyList<string> Failures);

/// <summary>
/// Runs the real server under <c>strace</c>, which lets a chosen call on the store's files fail, once or from then on,
/// while operations come one after the other; then without it. What was acknowledged is there, once; what was not is
/// wholly there or not at all; the chain is whole and the replayed journal gives the state that recovery gives; answers
/// meanwhile were refusals that say so; and a server that ended said why, with exit code 1.
/// </summary>
/// <param name="only">Calls, by their names; empty: all that the store makes.</param>
public sealed class SyscallCampaign(string meteringDll, int operations, int every, IReadOnlyList<string> only,
    TextWriter output)
{
    private const string Tenant = "syscalls";
    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT72H"}]}
        """;

    private readonly ConcurrentQueue<string> _failures = [];
    private readonly ConcurrentDictionary<string, int> _ends = [];
    private int _runs;

    /// <summary>Why it cannot be run here; null: it can.</summary>
    public static string? WhyNot()
    {
        try
        {
            using var traced = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("strace",
                ["-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync", "true"])
                { RedirectStandardError = true });
            traced!.WaitForExit();
            return traced.ExitCode == 0 ? null : "strace may not trace here";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "strace is not installed (Debian: apt-get install strace)";
        }
    }

    /// <summary>Of every call of so many operations each so many-th fails, in a run of its own.</summary>
    public async Task<SyscallReport> Run()
    {
        var work = Directory.CreateTempSubdirectory("metering-syscalls-").FullName;
        try
        {
            var template = await Prepare(Path.Combine(work, "template"));
            var counted = await Count(template, Path.Combine(work, "count"));
            foreach (var call in Failing.Calls.Where(call =>
                counted.ContainsKey(call) && (only.Count == 0 || only.Contains(call))))
                foreach (var error in new[] { "EIO", "ENOSPC" })
                    foreach (var lasting in new[] { false, true })
                    {
                        _ends.Clear();
                        var all = Enumerable.Range(1, counted[call] / every)
                            .Select(at => new Failing(call, error, at * every, lasting)).ToList();
                        await Parallel.ForEachAsync(all,
                            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
                            async (failing, _) => await Run(failing, template, work));
                        var ends = string.Join(", ", _ends.OrderByDescending(end => end.Value)
                            .Select(end => $"{end.Value} {end.Key}"));
                        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                            $"{call} {error}{(lasting ? " and on" : "")}: {all.Count} of {counted[call]}: {ends}"));
                    }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
        foreach (var failure in _failures) output.WriteLine(failure);
        return new SyscallReport(_runs, [.. _failures]);
    }

    private async Task<string> Prepare(string directory)
    {
        Directory.CreateDirectory(directory);
        using var server = GatewayServer.Start(meteringDll, directory);
        await server.PutPlan("plan", Plan);
        await server.PutTenant(Tenant, "plan");
        if (server.Process.Stop() != 0) throw server.Process.Failure("did not end well");
        return directory;
    }

    private async Task<Dictionary<string, int>> Count(string template, string directory)
    {
        Copy(template, directory);
        var log = directory + ".log";
        var deeds = new Deeds(Tenant, operations);
        using (var server = GatewayServer.Over(
            GatewayServer.Under(Failing.Under(null, directory, log), meteringDll, directory)))
        {
            await deeds.Do(server.Port);
            server.Process.Stop();
        }
        return Failing.Counted(log);
    }

    private async Task Run(Failing failing, string template, string work)
    {
        Interlocked.Increment(ref _runs);
        var directory = Path.Combine(work, failing.ToString().Replace(' ', '-'));
        Copy(template, directory);
        var deeds = new Deeds(Tenant, operations);
        try
        {
            var end = await UnderFailure(failing, directory, deeds);
            _ends.AddOrUpdate(end, 1, (_, known) => known + 1);
            using (var server = GatewayServer.Start(meteringDll, directory))
            {
                await deeds.Do(server.Port);
                if (deeds.Differs(await server.Usage(Tenant)) is { } differs) Fail(differs);
                if (server.Process.Stop() is not 0 and var code) Fail($"the next server ended with {code}");
            }
            foreach (var found in await Journal.Check(meteringDll, directory, [Tenant])) Fail(found);
        }
        catch (InvalidOperationException thrown)
        {
            Fail(thrown.Message);
        }
        foreach (var lie in deeds.Lies) Fail(lie);
        Directory.Delete(directory, recursive: true);

        void Fail(string what) => _failures.Enqueue($"{failing}: {what}");
    }

    /// <returns>How it ended.</returns>
    private async Task<string> UnderFailure(Failing failing, string directory, Deeds deeds)
    {
        ServerProcess process;
        try
        {
            process = GatewayServer.Under(Failing.Under(failing, directory), meteringDll, directory);
        }
        catch (AggregateException e) when (e.InnerException is InvalidOperationException early)
        {
            return early.Message.Contains("ended with 1 ", StringComparison.Ordinal) && SaysWhy(early.Message)
                ? "did not start" : throw early;
        }
        using (process)
        {
            await deeds.Do(process.Port);
            var refused = deeds.Refused.Count == 0 ? "nothing was refused"
                : $"{string.Join(" and ", deeds.Refused.Keys)}, then {(deeds.AllDone ? "went on" : "to the end")}";
            if (deeds.IsGone && !process.Ended(TimeSpan.FromSeconds(30)))
                throw process.Failure("did not answer, and did not end");
            var gone = process.HasExited;
            var code = process.Stop();
            if (code is not (0 or 1) || (code == 1 && !SaysWhy(string.Join('\n', process.Output))))
                throw process.Failure($"ended with {code}");
            return gone ? "ended" : code == 0 ? refused : $"{refused}, ended with 1";
        }
    }

    private static bool SaysWhy(string said) => said.Contains("metering.db", StringComparison.Ordinal)
        && said.Contains("CRITICAL", StringComparison.Ordinal);

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
