using MeteringGateway.Api.Operations;
using MeteringGateway.Engine;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Cluster.Tests;

/// <summary>A1: nobody is answered from the memory of a silo that the others have given up.</summary>
public sealed class SiloLeaseTests
{
    [Theory]
    [InlineData(SiloStatus.Active)]
    [InlineData(SiloStatus.ShuttingDown)]
    public async Task A_silo_that_belongs_to_the_cluster_may_answer(SiloStatus status)
    {
        using var lease = Lease(new Members(status));
        await lease.StartAsync(default);
        await lease.Held();
        await lease.StoppedAsync(default);
    }

    [Theory]
    [InlineData(SiloStatus.Dead)]
    [InlineData(null)]
    public async Task A_silo_that_was_declared_dead_or_cannot_read_who_lives_does_not(SiloStatus? status)
    {
        var members = new Members(status);
        using var lease = Lease(members);
        await lease.StartAsync(default);
        await members.Asked;

        Assert.False(lease.IsHeld);
        await Assert.ThrowsAsync<TenantUnavailableException>(async () => await lease.Held());
        await lease.StoppedAsync(default);
    }

    private static SiloLease Lease(Members members) => new(
        members, members,
        new ClusterSettings { Patience = TimeSpan.FromSeconds(members.Status is SiloStatus.Dead or null ? 0 : 30) },
        NullLogger<SiloLease>.Instance);

    /// <param name="status">What the table says of this silo; null: it cannot be read.</param>
    private sealed class Members(SiloStatus? status) : IMembershipTable, ILocalSiloDetails
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public SiloStatus? Status => status;
        public Task Asked => _asked.Task;

        [Obsolete("The table's older name for it.")]
        public Task<MembershipTableData> ReadRow(SiloAddress key) => throw new NotSupportedException();

        public Task<MembershipTableData> ReadRowAsync(SiloAddress key, CancellationToken cancellationToken)
        {
            _asked.TrySetResult();
            if (status is not { } now) throw new TimeoutException("no answer");
            var entry = new MembershipEntry { SiloAddress = key, Status = now, SiloName = Name };
            return Task.FromResult(new MembershipTableData(Tuple.Create(entry, "1"), new TableVersion(1, "1")));
        }

        public string Name => "silo";
        public string ClusterId => "cluster";
        public string DnsHostName => "localhost";
        public SiloAddress SiloAddress { get; } = SiloAddress.New(IPAddress.Loopback, 11111, 1);
        public SiloAddress GatewayAddress => SiloAddress;

        public Task InitializeMembershipTable(bool tryInitTableVersion) => throw new NotSupportedException();
        public Task DeleteMembershipTableEntries(string clusterId) => throw new NotSupportedException();
        public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => throw new NotSupportedException();
        public Task<MembershipTableData> ReadAll() => throw new NotSupportedException();
        public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) =>
            throw new NotSupportedException();
        public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) =>
            throw new NotSupportedException();
        public Task UpdateIAmAlive(MembershipEntry entry) => throw new NotSupportedException();
    }
}
