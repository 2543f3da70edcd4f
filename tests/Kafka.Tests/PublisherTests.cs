using Confluent.Kafka;
using MeteringGateway.Api.Operations;

namespace MeteringGateway.Kafka.Tests;

/// <summary>What topics are told: all of it, of each tenant in order, and under ids that stay (S5).</summary>
public sealed class PublisherTests
{
    private const string Capped = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT0S"}],
         "caps":[{"id":"monthly","limit":{"units":3},"at_limit":{"action":"handoff","to":"queue:tier1"}}]}
        """;

    [Fact]
    public async Task Signals_outcomes_and_alerts_are_told_in_order_and_each_once_where_nothing_fails()
    {
        await using var bed = await Bed.Start(Capped);
        foreach (var tenant in (string[])["acme", "bank", "zoo"])
            bed.Send(Enumerable.Range(0, 5).Select(i =>
                ((string?)tenant, (string?)Bed.Report(tenant, $"{tenant}-{i}"))));

        var outcomes = await bed.Read("metering.outcomes", 15);
        var signals = await bed.Read("metering.signals", 3);
        var alerts = await bed.Read("metering.alerts", 3);

        foreach (var topic in (List<ConsumeResult<string?, string?>>[])[outcomes, signals, alerts]) InOrder(topic);
        var acme = outcomes.Where(one => one.Message.Key == "acme").Select(Event).ToList();
        Assert.Equal(["acme-0", "acme-1", "acme-2", "acme-3", "acme-4"],
            acme.Select(one => (string?)one["data"]!["outcome_id"]).Distinct());
        Assert.Equal(["billable", "billable", "billable", "non_billable", "non_billable"],
            acme.GroupBy(one => (string?)one["data"]!["outcome_id"])
                .Select(group => (string?)group.Last()["data"]!["status"]));
        Assert.Equal("over_cap", (string?)acme[^1]["data"]!["non_billable_reason"]);
        Assert.Equal("outcome.non_billable", (string?)acme[^1]["type"]);
        var signal = Event(signals.Single(one => one.Message.Key == "bank"));
        Assert.Equal(("signal.handoff", "cap:monthly", "queue:tier1"), ((string?)signal["type"],
            (string?)signal["data"]!["key"], (string?)signal["data"]!["handoff"]!["to"]));
        var alert = Event(alerts.Single(one => one.Message.Key == "zoo"));
        Assert.Equal(("cap.reached", "zoo", "1.0"), ((string?)alert["type"], (string?)alert["subject"],
            (string?)alert["specversion"]));
        foreach (var (topic, told) in new[] { ("signals", signals), ("outcomes", outcomes), ("alerts", alerts) })
            await Bed.Until(async () =>
                await bed.Figure($"metering_kafka_produced_total{{topic=\"metering.{topic}\"") == told.Count,
                () => Task.FromResult($"{told.Count} messages to {topic} were not counted"));
    }

    [Fact]
    public async Task What_is_repeated_after_a_kill_has_the_id_and_the_content_of_before()
    {
        await using var bed = await Bed.Start(settings: ("PUBLISHEVERY", "00:00:00.01"));
        for (var round = 0; round < 3; round++)
        {
            bed.Send(Enumerable.Range(0, 300).Select(i =>
                ((string?)"acme", (string?)Bed.Report("acme", $"{round}-{i}"))));
            if (round == 1) bed.Brokers.Fail(Brokers.Produce, Brokers.NotLeader, 5);
            await Bed.Until(async () => await bed.Reported("acme") > round * 300,
                () => Task.FromResult("nothing came"));
            bed.Gateway.Process.KillHard();
            bed.Restart();
        }

        await bed.Counts("acme", 900);
        List<ConsumeResult<string?, string?>> told = [];
        await Bed.Until(async () => Ids(told = await bed.Read("metering.outcomes", 900)).Count >= 900,
            () => Task.FromResult($"{Ids(told).Count} were told"));
        // Whoever leaves out what has an id that was there before has each once, in order.
        var once = told.DistinctBy(one => (string?)Event(one)["id"]).ToList();
        Assert.Equal(900, once.Select(one => (string?)Event(one)["data"]!["outcome_id"]).Distinct().Count());
        InOrder(once);
        Assert.All(told.GroupBy(one => (string?)Event(one)["id"]),
            same => Assert.Single(same.Select(one => one.Message.Value).Distinct()));

        static HashSet<string> Ids(List<ConsumeResult<string?, string?>> told) =>
            [.. told.Select(one => (string)Event(one)["id"]!)];
    }

    [Fact]
    public async Task Nothing_is_told_of_who_the_end_customer_is()
    {
        await using var bed = await Bed.Start();
        bed.Send([("acme", Bed.Report("acme", "a-1").Replace("\"support.resolution\"",
            "\"support.resolution\",\"end_customer\":\"jane@example.com\",\"metadata\":{\"note\":\"jane\"}",
            StringComparison.Ordinal))]);

        var told = await bed.Read("metering.outcomes", 1);

        Assert.All(told, one => Assert.DoesNotContain("jane", one.Message.Value, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_has_no_topic_is_not_told_and_its_topic_need_not_be_there()
    {
        await using var bed = await Bed.Start(Capped, ("OUTCOMES", ""));
        bed.Send(Enumerable.Range(0, 5).Select(i => ((string?)"acme", (string?)Bed.Report("acme", $"a-{i}"))));

        var signals = await bed.Read("metering.signals", 1);

        Assert.Equal("signal.handoff", (string?)Event(signals.Single())["type"]);
        Assert.Equal(0, await bed.Figure("metering_kafka_produced_total{topic=\"metering.outcomes\""));
    }

    [Fact]
    public async Task Where_nothing_has_a_topic_nothing_is_told()
    {
        await using var bed = await Bed.Start(Capped, ("OUTCOMES", ""), ("SIGNALS", ""), ("ALERTS", ""));
        bed.Send(Enumerable.Range(0, 5).Select(i => ((string?)"acme", (string?)Bed.Report("acme", $"a-{i}"))));

        await bed.Counts("acme", 5);

        Assert.Equal(0, await bed.Figure("metering_kafka_produced_total"));
        Assert.Null(Topics.Missing(new Metadata([new BrokerMetadata(1, "one", 9092)],
            [.. new[] { "metering.events", "metering.events.rejected" }.Select(name =>
                new TopicMetadata(name, [], new Error(Confluent.Kafka.ErrorCode.NoError)))], 1, "one"),
            new KafkaSettings { BootstrapServers = bed.Brokers.Address, Outcomes = "", Signals = "", Alerts = "" }));
    }

    private static void InOrder(List<ConsumeResult<string?, string?>> messages)
    {
        Assert.Equal(messages.Count, messages.Select(one => (string?)Event(one)["id"]).Distinct().Count());
        foreach (var tenant in messages.GroupBy(one => one.Message.Key))
        {
            Assert.Single(tenant.Select(one => one.Partition).Distinct());
            var sequences = tenant.Select(one => (long)Event(one)["data"]!["sequence"]!).ToList();
            Assert.Equal(sequences.Order(), sequences);
        }
    }

    private static JsonNode Event(ConsumeResult<string?, string?> message) => JsonNode.Parse(message.Message.Value!)!;
}
