using System.Buffers;
using MeteringGateway.Core.Tests.Histories;
using MeteringGateway.Core.Tests.Journals;

namespace MeteringGateway.Core.Tests;

/// <summary>D2: what certificates and heads rest on, over random histories.</summary>
public sealed class ProofTests
{
    private static readonly IReadOnlyList<byte[]>[] Journals =
        [.. Enumerable.Range(1, 40).Select(seed => Duel.Journal(HistoryGenerator.Generate(seed)))];

    private static IEnumerable<IReadOnlyList<byte[]>> Kept() => JournalsKept.Kept().Select(kept => kept.Entries);

    [Fact]
    public void Every_decision_on_an_outcome_says_what_was_counted_before_and_after_it()
    {
        var (decisions, changed) = (0, 0);
        foreach (var journal in Journals)
        {
            var state = new TenantState();
            foreach (var bytes in journal)
            {
                var entry = EntryCodec.Read(bytes);
                var before = state.UnitsCountedWith(entry);
                state.Apply(entry);
                state.TakeDeparted();
                var stated = (entry as Entry.OutcomeReported)?.Counted ?? (entry as Entry.OutcomeChanged)?.Counted;
                if (before is not { } units)
                {
                    Assert.Null(stated);
                    continue;
                }
                Assert.Equal(new Counted(units, state.UnitsCountedWith(entry)!.Value), stated);
                decisions++;
                if (stated!.Value.Before != stated.Value.After) changed++;
            }
        }
        Assert.True(decisions > 500, $"{decisions} decisions");
        Assert.True(changed > 200, $"{changed} that changed what is counted");
    }

    [Fact]
    public void Time_never_runs_back_in_a_journal() // T1; the last entry of a day is found by halves
    {
        foreach (var journal in Journals.Concat(Kept()))
        {
            var last = Instant.MinValue;
            foreach (var entry in journal.Select(bytes => EntryCodec.Read(bytes)))
            {
                Assert.True(entry.At >= last, $"{entry}: {last} was before");
                last = entry.At;
            }
        }
    }

    [Fact]
    public void An_entry_is_written_as_it_was_read_by_whichever_version_it_was_made()
    {
        foreach (var bytes in Journals.Concat(Kept()).SelectMany(all => all))
        {
            var written = new ArrayBufferWriter<byte>();
            EntryCodec.Write(written, EntryCodec.Read(bytes));
            Assert.Equal(bytes, written.WrittenSpan.ToArray());
        }
    }

    [Fact]
    public void The_hash_of_the_rules_is_that_of_the_terms_for_what_is_timed_then()
    {
        var state = new TenantState();
        var hashes = new HashSet<string>();
        foreach (var journal in Journals)
        {
            state = RealTenant.Fold(journal);
            hashes.Add(Convert.ToHexString(state.RulesAt(state.Now)));
            Assert.Equal(state.RulesAt(state.Now), TenantState.Restore(state.Snapshot()).RulesAt(state.Now));
        }
        Assert.True(hashes.Count > 1);
    }
}
