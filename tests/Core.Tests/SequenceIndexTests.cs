namespace MeteringGateway.Core.Tests;

public sealed class SequenceIndexTests
{
    [Fact]
    public void It_has_what_a_sorted_list_has()
    {
        var random = new Random(7);
        var (index, plain) = (new SequenceIndex(), new SortedList<long, int>());
        for (var (step, last) = (0, 0L); step < 20_000; step++)
        {
            // First it grows over several blocks, then it is nearly emptied.
            if (random.Next(10) < (step < 12_000 ? 7 : 2))
            {
                last += random.Next(1, 3);
                index.Add(last, step);
                plain.Add(last, step);
            }
            else
            {
                var gone = plain.Count > 0 && random.Next(5) > 0 ? plain.Keys[random.Next(plain.Count)]
                    : random.Next(1, 40_000); // often one that is not there
                index.Remove(gone);
                plain.Remove(gone);
            }
            Assert.Equal(plain.Count, index.Count);
            if (step % 500 > 0) continue;
            long[] marks = [0, 1, last, long.MaxValue - 1, random.NextInt64(last + 2), random.NextInt64(last + 2)];
            foreach (var from in marks)
            {
                Assert.Equal(plain.Where(one => one.Key > from).Select(one => one.Value),
                    index.Above(from).Select(one => one.Place));
            }
        }
        Assert.Throws<ArgumentException>(() => index.Add(1, 0));
    }
}
