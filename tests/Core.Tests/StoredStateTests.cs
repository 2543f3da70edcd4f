using MeteringGateway.Core.Tests.Histories;

namespace MeteringGateway.Core.Tests;

/// <summary>What becomes of a snapshot's bytes beneath their seal: a state is of all of them, or is refused.</summary>
public sealed class StoredStateTests
{
    private static readonly TenantState State = RealTenant.Fold(Duel.Journal(HistoryGenerator.Generate(3)));

    [Fact]
    public void Pieces_of_any_size_are_read_one_after_the_other()
    {
        for (var seed = 1; seed <= 30; seed++)
        {
            var state = RealTenant.Fold(Duel.Journal(HistoryGenerator.Generate(seed)));
            foreach (var size in (int[])[1, 300, 1 << 20])
            {
                var restoring = new TenantState.Restoring();
                foreach (var piece in state.SnapshotPieces(size)) restoring.Take(piece);
                Assert.Equal(state.Digest(), restoring.Done().Digest());
            }
        }
    }

    /// <summary>But for one that ends with a section: what is missing then is in no list.</summary>
    [Fact]
    public void A_snapshot_that_ends_early_is_refused()
    {
        var (bytes, whole) = (State.Snapshot(), 0);
        for (var length = 0; length < bytes.Length; length++)
            try
            {
                TenantState.Restore(bytes.AsSpan(0, length));
                whole++;
            }
            catch (FormatException)
            {
            }
        Assert.InRange(whole, 1, 7);
    }

    /// <summary>What was altered is found to be so, or is a state all the same: one that can be gone through.</summary>
    [Fact]
    public void A_snapshot_of_which_a_bit_is_another_is_refused_or_is_a_state()
    {
        var (bytes, refused) = (State.Snapshot(), 0);
        for (var bit = 0; bit < bytes.Length * 8; bit += 3)
        {
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            try
            {
                TenantState.Restore(bytes).Digest();
            }
            catch (FormatException)
            {
                refused++;
            }
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
        }
        Assert.True(refused > bytes.Length / 10, $"{refused} of {bytes.Length * 8 / 3}");
        Assert.Equal(State.Digest(), TenantState.Restore(bytes).Digest());
    }
}
