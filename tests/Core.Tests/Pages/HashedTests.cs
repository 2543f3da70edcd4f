namespace MeteringGateway.Core.Tests.Pages;

public sealed class HashedTests
{
    [Theory]
    [InlineData(1, 400)]
    [InlineData(2, 6_000)]
    [InlineData(3, 6_000)]
    public void It_has_what_a_dictionary_has(int seed, int names)
    {
        var random = new Random(seed);
        var (table, plain) = (new Hashed(), new Dictionary<int, int>());
        for (var step = 0; step < 40_000; step++)
        {
            // Of one seed many names have the same hash.
            var (name, grows) = (random.Next(names), step % 20_000 < 12_000);
            var hash = seed == 3 ? name % 7 : name * 31;
            var found = table.Find(Slot.Spread(hash), new Of(name));
            Assert.Equal(plain.GetValueOrDefault(name, -1), found.Place);
            if (found.IsUsed && random.Next(3) > 0)
            {
                Assert.True(table.Remove(Slot.Spread(hash), new Of(name)));
                plain.Remove(name);
            }
            else if (!found.IsUsed && (grows || random.Next(4) == 0) && (seed != 3 || plain.Count < 900))
            {
                table.Add(new Slot(hash, name));
                plain.Add(name, name);
            }
            Assert.Equal(plain.Count, table.Count);
        }
        Assert.Equal(plain.Keys.Order(), table.All().Select(slot => slot.Place).Order());
        Assert.False(table.Remove(Slot.Spread(5), new Of(names + 1)));
        var (removed, from, isLast) = (0, 0UL, false);
        while (!isLast) removed += table.RemoveSome(ref from, slot => slot.Place % 3 == 0, out isLast);
        Assert.Equal(plain.Keys.Count(name => name % 3 == 0), removed);
        Assert.Equal(plain.Keys.Where(name => name % 3 != 0).Order(), table.All().Select(slot => slot.Place).Order());
    }

    [Theory]
    [InlineData(0, 3_000)]
    [InlineData(10, 3_000)]
    [InlineData(3_000, 3_000)]
    [InlineData(100_000, 100)]
    public void It_takes_more_and_less_than_it_expected(int expected, int names)
    {
        var table = new Hashed();
        table.Expect(expected);
        for (var name = 0; name < names; name++) table.Add(new Slot(name * 31, name));
        table.Expect(5); // too late, and of no matter
        Assert.Equal(names, table.Count);
        for (var name = 0; name < names; name++)
            Assert.Equal(name, table.Find(Slot.Spread(name * 31), new Of(name)).Place);
        Assert.Equal(Enumerable.Range(0, names), table.All().Select(slot => slot.Place).Order());
    }

    /// <summary>
    /// Where many have their first bits alike the directory is wide, and what few have is many places': all of these
    /// see what becomes of it, one by one, many at once, or when some are taken out.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    public void What_many_places_share_is_found_from_each(int together)
    {
        int[] hashes = [.. Hashes(alike: true).Take(3_000), .. Hashes(alike: false).Take(900)];
        var table = new Hashed();
        for (var name = 0; name < 3_000; name++) table.Add(new Slot(hashes[name], name));
        foreach (var names in Enumerable.Range(3_000, 900).OrderBy(name => Slot.Spread(hashes[name])).Chunk(together))
        {
            if (together == 1) table.Add(new Slot(hashes[names[0]], names[0]));
            else Assert.True(table.Add([.. names.Select(name => new Slot(hashes[name], name))]));
        }
        for (var name = 0; name < hashes.Length; name++)
            Assert.Equal(name, table.Find(Slot.Spread(hashes[name]), new Of(name)).Place);
        var (from, isLast) = (0UL, false);
        while (!isLast) table.RemoveSome(ref from, slot => slot.Place % 2 == 0, out isLast);
        for (var name = 0; name < hashes.Length; name++)
            Assert.Equal(name % 2 == 0 ? -1 : name, table.Find(Slot.Spread(hashes[name]), new Of(name)).Place);

        static IEnumerable<int> Hashes(bool alike) => Enumerable.Range(0, int.MaxValue).Select(hash => hash * 31)
            .Where(hash => (Slot.Spread(hash) >> 61 == 5) == alike);
    }

    /// <summary>Also where more have their first bits alike than a segment holds.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(2_500, false)]
    [InlineData(50_000, false)]
    [InlineData(3_000, true)]
    public void It_is_filled_with_all_at_once(int names, bool alike)
    {
        var hashes = Enumerable.Range(0, int.MaxValue).Select(hash => hash * 31)
            .Where(hash => !alike || Slot.Spread(hash) >> 61 == 5).Take(names).ToArray();
        var slots = hashes.Select((hash, name) => new Slot(hash, name)).ToArray();
        new Random(names).Shuffle(slots);
        var table = new Hashed();
        Assert.True(table.Fill([.. slots.Chunk(1024)], (_, _) => false));
        Assert.Equal(names, table.Count);
        for (var name = 0; name < names; name++)
            Assert.Equal(name, table.Find(Slot.Spread(hashes[name]), new Of(name)).Place);
        Assert.False(table.Find(Slot.Spread(-1), new Of(names)).IsUsed);
        Assert.Equal(Enumerable.Range(0, names), table.All().Select(slot => slot.Place).Order());
        table.Add(new Slot(-1, names));
        Assert.Equal(names, table.Find(Slot.Spread(-1), new Of(names)).Place);
        if (names == 0) return;
        Assert.False(new Hashed().Fill([slots, [new Slot(hashes[0], names)]], (_, _) => true));
        Assert.False(new Hashed().Fill([slots, [slots[0]]], (_, _) => false));
    }

    [Fact]
    public void A_block_list_is_a_list()
    {
        var random = new Random(4);
        var (blocks, plain) = (new Blocks<int>(), new List<int>());
        for (var step = 0; step < 30_000; step++)
        {
            if (plain.Count == 0 || random.Next(10) < (step < 20_000 ? 7 : 2))
            {
                var at = random.Next(3) == 0 ? random.Next(plain.Count + 1) : plain.Count;
                blocks.Insert(at, step);
                plain.Insert(at, step);
            }
            else
            {
                var at = random.Next(plain.Count);
                blocks.RemoveAt(at);
                plain.RemoveAt(at);
            }
            Assert.Equal(plain.Count, blocks.Count);
            if (step % 1_000 == 0) Assert.Equal(plain, Enumerable.Range(0, blocks.Count).Select(i => blocks[i]));
        }
    }

    [Fact]
    public void A_value_keeps_its_number_as_long_as_somebody_has_it()
    {
        var interned = new Interned<string>(StringComparer.Ordinal);
        var (a, b) = (interned.Take("a"), interned.Take("b"));
        Assert.Equal(a, interned.Take("a"));
        Assert.Null(interned.Release(a));
        Assert.Equal("a", interned[a]);
        Assert.Equal("a", interned.Release(a));
        Assert.False(interned.Has(a));
        Assert.Equal(a, interned.Take("c"));
        Assert.Equal(("c", "b", 2), (interned[a], interned[b], interned.Count));
    }

    private readonly struct Of(int place) : IMeant
    {
        private readonly int _place = place;
        public bool Is(in Slot slot) => slot.Place == _place;
    }
}
