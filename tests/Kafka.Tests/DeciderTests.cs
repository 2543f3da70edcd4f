using System.Reflection;
using System.Text;
using Confluent.Kafka;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Operations;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Kafka.Tests;

/// <summary>What is our trouble refuses no event: it waits, in its order.</summary>
public sealed class DeciderTests
{
    public static TheoryData<Func<Exception>> Troubles => new(
        () => new TenantUnavailableException("it moves"),
        () => new TenantFailedException("acme", TimeSpan.FromSeconds(1)),
        () => new StoreFullException("no room"),
        () => new StoreFailedException("the disk is gone"),
        () => new InvalidOperationException("a fault of ours"));

    [Theory, MemberData(nameof(Troubles))]
    public async Task Events_of_a_tenant_in_trouble_are_tried_again_in_order_and_others_once(Func<Exception> trouble)
    {
        var asked = new List<string>();
        var failures = 2;
        var decider = Make((tenant, commands) =>
        {
            asked.Add(tenant + ": " + string.Join(' ', commands.Cast<Command.ReportOutcome>()
                .Select(one => one.OutcomeId)));
            if (tenant == "acme" && failures-- > 0) throw trouble();
            return [.. commands.Select(_ => new Answer.Accepted(false, null, null))];
        });

        await decider.Decide([Message("acme", "a-1"), Message("bank", "b-1"), Message("acme", "a-2")], default);

        Assert.Equal(["acme: a-1 a-2", "bank: b-1", "acme: a-1 a-2", "acme: a-1 a-2"], asked);
    }

    [Fact]
    public async Task What_waits_is_given_up_when_its_partition_leaves()
    {
        using var stop = new CancellationTokenSource();
        var decider = Make((_, _) =>
        {
            stop.Cancel();
            throw new TenantUnavailableException("it moves");
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            decider.Decide([Message("acme", "a-1")], stop.Token));
    }

    private static Decider Make(Func<string, IReadOnlyList<Command>, IReadOnlyList<Answer>> execute)
    {
        var settings = new MeteringSettings { Kafka = { BootstrapServers = "127.0.0.1:1" } };
        var tenants = DispatchProxy.Create<ITenants, Asked>();
        ((Asked)(object)tenants).Execute = execute;
        return new Decider(new ServiceCollection().AddSingleton(tenants).BuildServiceProvider(), settings,
            new EndCustomers(null), new RefusedEvents(TimeProvider.System, NullLogger<RefusedEvents>.Instance),
            new Sender(new Clients(settings.Kafka, new KafkaHealth(), NullLogger<Clients>.Instance)),
            NullLogger<Decider>.Instance);
    }

    private static ConsumeResult<byte[]?, byte[]?> Message(string tenant, string id) => new()
    {
        TopicPartitionOffset = new TopicPartitionOffset("metering.events", 0, 0),
        Message = new Message<byte[]?, byte[]?> { Key = Encoding.UTF8.GetBytes(tenant),
            Value = Encoding.UTF8.GetBytes(Bed.Report(tenant, id)) },
    };

    /// <summary>Tenants of whom nothing is asked but to decide batches.</summary>
    public class Asked : DispatchProxy
    {
        internal Func<string, IReadOnlyList<Command>, IReadOnlyList<Answer>> Execute { get; set; } = null!;

        private static object Answered(IReadOnlyList<Answer> answers) => new ValueTask<IReadOnlyList<Answer>>(answers);

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            args is [string tenant, IReadOnlyList<Command> commands, CancellationToken]
                ? Answered(Execute(tenant, commands))
                : throw new NotSupportedException(targetMethod!.Name);
    }
}
