using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Xunit.Abstractions;

namespace MeteringGateway.Kafka.Tests;

/// <summary>
/// Events that come by Kafka are counted exactly, whatever happens to brokers, members and the gateway.
/// METERING_REBALANCES sets how often a member joins and goes, and how often the gateway is killed before it commits.
/// </summary>
public sealed class IntakeTests(ITestOutputHelper output)
{
    private static int Rounds(int otherwise) => Environment.GetEnvironmentVariable("METERING_REBALANCES") is { } set
        ? int.Parse(set, CultureInfo.InvariantCulture) : otherwise;

    [FactIfInstalled("kcat")]
    public async Task Events_of_somebody_elses_client_are_counted_once_however_often_they_come()
    {
        await using var bed = await Bed.Start();
        var events = new List<(string, string)>();
        foreach (var tenant in (string[])["acme", "bank", "zoo"])
            for (var i = 0; i < 1_000; i++) events.Add((tenant, Bed.Report(tenant, $"{tenant}-{i}")));

        await bed.SendByKcat(events);
        await bed.SendByKcat(events.Where((_, i) => i % 10 == 0));

        await Bed.Until(async () => await bed.Figure("metering_kafka_consumed_total") == 3_300,
            async () => $"{await bed.Figure("metering_kafka_consumed_total")} were consumed");
        foreach (var tenant in (string[])["acme", "bank", "zoo"]) await bed.Counts(tenant, 1_000);
        Assert.Equal(300, await bed.Figure("metering_kafka_consumed_total{result=\"duplicate\"}"));
        Assert.Equal(0, await bed.Figure("metering_kafka_consumed_total{result=\"rejected\"}"));
    }

    [Fact]
    public async Task What_is_refused_goes_to_its_topic_with_the_problem_and_stops_nothing()
    {
        await using var bed = await Bed.Start();
        var verdict = """
            {"specversion":"1.0","id":"v-1","source":"/desk","type":"outcome.verdict","subject":"acme",
             "data":{"outcome_id":"a-0","verdict":"accepted"}}
            """;
        var poison = new (string? Key, string? Value, string Code)[]
        {
            ("acme", "this is no JSON", "malformed_event"),
            ("acme", null, "malformed_event"),
            ("acme", new string('x', 2_000_000), "too_large"),
            (null, Bed.Report("acme", "no-key"), "malformed_event"),
            ("bank", Bed.Report("acme", "other-key"), "malformed_event"),
            ("nobody", Bed.Report("nobody", "n-1"), "unknown_tenant"),
            ("acme", Bed.Report("acme", "t-1").Replace("support.resolution", "sales.call",
                StringComparison.Ordinal), "unknown_outcome_type"),
            ("acme", verdict, "forbidden"),
        };
        var events = new List<(string?, string?)>();
        for (var i = 0; i < poison.Length; i++)
        {
            events.Add((poison[i].Key, poison[i].Value));
            events.Add(("acme", Bed.Report("acme", $"a-{i}")));
        }

        bed.Send(events);

        await bed.Counts("acme", poison.Length);
        var letters = await bed.Read("metering.events.rejected", poison.Length);
        Assert.Equal(poison.Select(one => (one.Key, one.Value, one.Code)).Order(),
            letters.Select(one => (one.Message.Key, one.Message.Value, (string)Problem(one)["code"]!)).Order());
        var forbidden = letters.Single(one => (string?)Problem(one)["code"] == "forbidden");
        Assert.Contains("vendor", (string?)Problem(forbidden)["detail"], StringComparison.Ordinal);
        Assert.Equal("metering.events", Header(forbidden, "original-topic"));
        Assert.Matches("^[0-3]$", Header(forbidden, "original-partition"));
        Assert.Matches("^[0-9]+$", Header(forbidden, "original-offset"));
        Assert.Equal(poison.Length, await bed.Figure("metering_kafka_consumed_total{result=\"rejected\"}"));
        Assert.Equal(0, await bed.Reported("bank"));
    }

    [Fact]
    public async Task A_message_that_is_larger_than_all_that_may_be_held_is_refused_and_stops_nothing()
    {
        await using var bed = await Bed.Start(settings: [("INFLIGHTBYTES", "1048576"), ("BATCHEVENTS", "10")]);
        var events = new List<(string?, string?)>();
        for (var i = 0; i < 300; i++)
        {
            if (i % 100 == 0) events.Add(("acme", new string('x', 1_200_000)));
            events.Add(("acme", Bed.Report("acme", $"a-{i}")));
        }

        bed.Send(events);

        await bed.Counts("acme", 300);
        Assert.Equal(3, await bed.Figure("metering_kafka_consumed_total{result=\"rejected\"}"));
        await Bed.Until(async () => await bed.Figure("metering_kafka_paused") == 0,
            () => Task.FromResult("a partition is still paused"));
    }

    [Fact]
    public async Task A_kill_between_the_flush_and_the_commit_counts_nothing_twice()
    {
        // What is stored is never committed while it runs.
        await using var bed = await Bed.Start(settings: ("COMMITEVERY", "00:01:00"));
        var sent = 0;
        Send();
        await bed.Counts("acme", sent);
        for (var (round, rounds) = (0, Rounds(2)); round < rounds; round++)
        {
            var stored = sent;
            bed.Gateway.Process.KillHard();
            Send();
            bed.Restart();

            // What was not committed may come more than once: nobody promises the member that it keeps its partition.
            await bed.Counts("acme", sent);
            await Bed.Until(async () => await bed.Figure("metering_kafka_consumed_total{result=\"accepted\"") == 100,
                async () => $"{await bed.Figure("metering_kafka_consumed_total{result=\"accepted\"")} were accepted");
            Assert.True(await bed.Figure("metering_kafka_consumed_total{result=\"duplicate\"") >= stored);
        }
        output.WriteLine($"{sent} events, killed {Rounds(2)} times with all that was stored not committed");

        void Send()
        {
            bed.Send(Enumerable.Range(sent, 100).Select(i =>
                ((string?)"acme", (string?)Bed.Report("acme", $"a-{i}"))));
            sent += 100;
        }
    }

    [Fact]
    public async Task An_orderly_end_commits_what_was_stored()
    {
        await using var bed = await Bed.Start(settings: ("COMMITEVERY", "00:01:00"));
        bed.Send(Enumerable.Range(0, 200).Select(i => ((string?)"acme", (string?)Bed.Report("acme", $"a-{i}"))));
        await bed.Counts("acme", 200);

        Assert.Equal(0, bed.Gateway.Process.Stop());
        bed.Restart();
        bed.Send([("acme", Bed.Report("acme", "last"))]);

        await bed.Counts("acme", 201);
        Assert.Equal(1, await bed.Figure("metering_kafka_consumed_total"));
    }

    [Fact]
    public async Task Errors_of_brokers_lose_and_double_nothing()
    {
        await using var bed = await Bed.Start(settings: ("COMMITEVERY", "00:00:00.1"));
        for (var round = 0; round < 4; round++)
        {
            bed.Brokers.Fail(Brokers.Fetch, Brokers.NotLeader, 3);
            bed.Brokers.Fail(Brokers.OffsetCommit, Brokers.CoordinatorLoading, 2);
            bed.Brokers.Fail(Brokers.OffsetCommit, Brokers.RebalanceInProgress, 1);
            bed.Brokers.Fail(Brokers.Produce, Brokers.NotLeader, 2);
            if (round == 2) bed.Brokers.Down(2);
            var (name, before) = (round, await bed.Reported("acme"));
            var sending = Task.Run(() => bed.Send([("acme", "no JSON"),
                .. Enumerable.Range(0, 200).Select(i =>
                    ((string?)"acme", (string?)Bed.Report("acme", $"{name}-{i}")))]));
            Assert.True(await bed.Reported("acme") >= before); // HTTP is served meanwhile
            if (round == 2) bed.Brokers.Up(2);
            await sending;
        }

        await bed.Counts("acme", 800);
        var letters = await bed.Read("metering.events.rejected", 4);
        Assert.Equal(4, letters.Select(one => Header(one, "original-offset")).Distinct().Count());
    }

    [Fact]
    public async Task A_member_that_joins_and_leaves_takes_no_event_with_it()
    {
        await using var bed = await Bed.Start();
        var rounds = Rounds(3);
        for (var round = 0; round < rounds; round++)
        {
            Send(bed, $"{round}-before");
            using (var other = new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
            {
                BootstrapServers = bed.Brokers.Address, GroupId = "metering", EnableAutoCommit = false,
                PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky,
                SessionTimeoutMs = int.Parse(Bed.SessionTimeout, CultureInfo.InvariantCulture),
                HeartbeatIntervalMs = 200,
            }).Build())
            {
                // It has some of the partitions, and does nothing with what comes.
                other.Subscribe("metering.events");
                await Bed.Until(() =>
                {
                    other.Consume(100);
                    return Task.FromResult(other.Assignment.Count > 0);
                }, () => Task.FromResult("it was given no partition"));
                Send(bed, $"{round}-beside");
                if (round % 2 == 0) other.Close(); // otherwise it is gone without a word
            }
            Send(bed, $"{round}-after");
            foreach (var tenant in (string[])["acme", "bank", "zoo"]) await bed.Counts(tenant, 300 * (round + 1));
        }
        output.WriteLine($"{900 * rounds} events, a member joined and went {rounds} times");

        static void Send(Bed bed, string name) => bed.Send(((string[])["acme", "bank", "zoo"]).SelectMany(tenant =>
            Enumerable.Range(0, 100).Select(i => ((string?)tenant, (string?)Bed.Report(tenant, $"{name}-{i}")))));
    }

    private static JsonNode Problem(ConsumeResult<string?, string?> letter) =>
        JsonNode.Parse(Header(letter, "problem"))!;

    private static string Header(ConsumeResult<string?, string?> letter, string name) =>
        Encoding.UTF8.GetString(letter.Message.Headers.GetLastBytes(name));
}
