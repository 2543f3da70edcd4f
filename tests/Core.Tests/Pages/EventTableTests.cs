using System.Collections;
using System.Reflection;

namespace MeteringGateway.Core.Tests.Pages;

public sealed class EventTableTests
{
    private static readonly Instant Begin = Instant.Parse("2026-11-01T00:00:00Z");

    /// <summary>I2: a tenant that stays in memory for years has room for what it remembers, not for all there was.
    /// </summary>
    [Fact]
    public void Pages_of_what_is_forgotten_are_used_again()
    {
        const int Days = 40, ADay = 5_000, Kept = 3;
        var table = new EventTable();
        for (var day = 0; day < Days; day++)
        {
            for (var i = 0; i < ADay; i++) table.Add(KeyOf(day, i), Of(day));
            table.Forget(At(day - Kept + 1));
            while (!table.IsSwept) table.Sweep();

            Assert.Equal(Math.Min(day + 1, Kept) * ADay, table.Count);
            Assert.Equal(table.Count, table.All.Select(one => one.Key).Distinct().Count());
            for (var i = 0; i < ADay; i += 97)
            {
                Assert.Equal(At(day), table.Find(KeyOf(day, i))!.Value.Time);
                Assert.Equal(day >= Kept - 1, table.Find(KeyOf(day - Kept + 1, i)) is not null);
                Assert.Null(table.Find(KeyOf(day - Kept, i)));
            }
        }
        Assert.InRange(PagesOf(table), 1, (Kept + 1) * (ADay / 1024 + 2));
    }

    /// <summary>I2: what was written is remembered where it is read, and no event twice; more may come behind it.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(1_024)]
    [InlineData(5_000)]
    public void What_was_written_is_read(int events)
    {
        var table = new EventTable();
        for (var i = 0; i < events; i++) table.Add(KeyOf(1, i), Of(i % 40));
        var read = Read(Written(table));
        Assert.Equal(table.All, read.All);
        for (var i = 0; i < events + 1_500; i++)
        {
            Assert.Equal(i < events ? Of(i % 40) : null, read.Find(KeyOf(1, i)));
            if (i >= events) read.Add(KeyOf(1, i), Of(2));
        }
        Assert.Throws<ArgumentException>(() => read.Add(KeyOf(1, 0), Of(0)));
        Assert.Equal(events + 1_500, read.Count);

        var twice = Written(table);
        if (events == 1) return;
        twice.AsSpan(twice.Length - 42 * events, 16).CopyTo(twice.AsSpan(twice.Length - 42));
        Assert.Throws<FormatException>(() => Read(twice));
    }

    private static byte[] Written(EventTable table)
    {
        var to = new Writer();
        foreach (var _ in table.Write(to)) { }
        return to.Written.ToArray();
    }

    private static EventTable Read(byte[] bytes)
    {
        var table = new EventTable();
        var from = new Reader(bytes);
        var reading = new EventTable.Reading(table);
        for (var left = from.Unsigned(); left > 0;) reading.Read(ref from, ref left);
        return table;
    }

    private static Instant At(int day) => Begin + TimeSpan.FromDays(day);

    private static UInt128 KeyOf(int day, int i) =>
        new((ulong)(day + 100) * 0x9E3779B97F4A7C15, (ulong)i * 0xD1B54A32D192ED03);

    private static EventRecord Of(int day) => new(1, At(day), 0, EventRecord.NoOutcome, Reason.None);

    private static int PagesOf(EventTable table) => ((ICollection)typeof(EventTable)
        .GetField("_pages", BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(table)!).Count;
}
