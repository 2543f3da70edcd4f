using System.Buffers;
using System.Globalization;

namespace MeteringGateway.Core.Tests.Journals;

/// <summary>
/// What reads stored bytes and what silos tell each other, given real ones that were altered: they are read, or
/// refused as what they are not, and no length in them makes more memory than they could fill. METERING_FUZZ sets how
/// many of each.
/// </summary>
public sealed class DecoderFuzzTests
{
    /// <summary>Bytes allocated for a byte that is read, at most; and for each reading.</summary>
    private const int Each = 400, Once = 256 * 1024;

    [Fact]
    public void Altered_entries_are_read_or_refused() => Fuzz(
        [.. JournalsKept.Kept().SelectMany(one => one.Entries).Take(3_000)], bytes => EntryCodec.Read(bytes));

    /// <summary>A day that is before the first.</summary>
    [Fact]
    public void An_entry_of_no_day_is_refused() => Assert.Throws<FormatException>(() =>
        EntryCodec.Read(Convert.FromBase64String("AlG4vbaUtmcAAQEBgMjQBwEBgMjQBw==")));

    [Fact]
    public void Altered_archived_outcomes_are_read_or_refused() => Fuzz(
        [.. JournalsKept.Kept().SelectMany(one => Archived(one.Entries)).Take(500)],
        bytes => EntryCodec.ReadOutcome(bytes));

    [Fact]
    public void Altered_messages_between_silos_are_read_or_refused() => Fuzz(
        [.. ((Type[])[typeof(Question), typeof(Decision), typeof(Command.ReportOutcome), typeof(Answer.Accepted)])
            .SelectMany(type => (byte[][])[Written(new MessageCodecTests.Filler().Make(type)),
                Written(new MessageCodecTests.Filler { Missing = true }.Make(type))])],
        bytes => MessageCodec.Read(bytes));

    /// <summary>Beneath their seals, with what the days of some series take that are said to be far apart.</summary>
    [Fact]
    public void Altered_snapshots_are_read_or_refused() => Fuzz(
        [.. JournalsKept.Kept().Select(one => RealTenant.Fold(one.Entries).Snapshot())
            .Where(one => one.Length < 65_536)],
        bytes => TenantState.Restore(bytes), Mutations.Count / 10, once: 256 << 20);

    private static void Fuzz(byte[][] samples, Action<byte[]> read, int? count = null, long once = Once)
    {
        var times = count ?? Mutations.Count;
        Assert.NotEmpty(samples);
        foreach (var sample in samples) read(sample);
        var (random, refused) = (new Random(20261129), 0);
        for (var i = 0; i < times; i++)
        {
            var bytes = Mutations.Of(samples[random.Next(samples.Length)], random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(bytes);
            }
            catch (FormatException)
            {
                refused++;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
                    $"#{i} {Convert.ToBase64String(bytes)}"), e);
            }
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < once + (long)Each * bytes.Length,
                $"#{i}: {allocated} bytes for {bytes.Length}: {Convert.ToBase64String(bytes)}");
        }
        Assert.True(refused > times / 20, $"{refused} were refused");
    }

    private static List<byte[]> Archived(byte[][] entries)
    {
        var (state, left) = (new TenantState(), new List<byte[]>());
        foreach (var entry in entries)
        {
            state.Apply(EntryCodec.Read(entry));
            left.AddRange(state.TakeDeparted().Select(EntryCodec.WriteOutcome));
        }
        return left;
    }

    private static byte[] Written(object message)
    {
        var to = new ArrayBufferWriter<byte>();
        MessageCodec.Write(to, message);
        return to.WrittenSpan.ToArray();
    }
}
