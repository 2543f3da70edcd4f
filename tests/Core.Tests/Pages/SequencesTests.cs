namespace MeteringGateway.Core.Tests.Pages;

public sealed class SequencesTests
{
    [Fact]
    public void A_longer_list_has_all_of_the_shorter_one_which_stays_as_it_was()
    {
        List<Sequences> made = [default];
        for (var i = 1; i <= 1_000; i++) made.Add(made[^1].Add(i * 3L));

        for (var i = 0; i < made.Count; i++)
            Assert.Equal(Enumerable.Range(1, i).Select(n => n * 3L), made[i]);
    }

    [Fact]
    public void Lists_that_lengthen_the_same_one_do_not_see_each_other()
    {
        var random = new Random(4);
        List<(Sequences Made, long[] Plain)> all = [(default, []), ([7, 8, 9, 10, 11], [7, 8, 9, 10, 11])];
        for (var step = 0; step < 5_000; step++)
        {
            var (made, plain) = all[random.Next(all.Count)];
            all.Add((made.Add(step), [.. plain, step]));
        }

        Assert.All(all, one => Assert.Equal(one.Plain, one.Made));
        Assert.All(all, one => Assert.Equal(one.Plain.Length, one.Made.Count));
    }

    [Fact]
    public void What_is_beyond_its_end_is_not_to_be_had()
    {
        var four = new[] { 1L, 2, 3, 4 }.Aggregate(default(Sequences), (list, next) => list.Add(next));
        _ = four.Add(5).Add(6);

        Assert.Equal(4, four[^1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => four[4]);
    }
}
