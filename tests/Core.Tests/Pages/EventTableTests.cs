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

    private static Instant At(int day) => Begin + TimeSpan.FromDays(day);

    private static UInt128 KeyOf(int day, int i) =>
        new((ulong)(day + 100) * 0x9E3779B97F4A7C15, (ulong)i * 0xD1B54A32D192ED03);

    private static EventRecord Of(int day) => new(1, At(day), 0, EventRecord.NoOutcome, Reason.None);

    private static int PagesOf(EventTable table) => ((ICollection)typeof(EventTable)
        .GetField("_pages", BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(table)!).Count;
}
