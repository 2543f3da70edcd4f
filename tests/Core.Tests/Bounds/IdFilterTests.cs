namespace MeteringGateway.Core.Tests.Bounds;

/// <summary>
/// I3: ids that left memory are known, and others are hardly ever asked for in vain, however old it gets.
/// </summary>
public sealed class IdFilterTests
{
    [Fact]
    public void After_three_years_few_ids_are_asked_for_in_vain_and_none_that_left_is_missed_I3()
    {
        var filter = new IdFilter();
        for (var month = 0; month < 36; month++)
            AddLayer(filter, [.. Enumerable.Range(0, 2_000).Select(i => $"m{month}-{i}")], IdFilter.BitsPerId);
        for (var month = 0; month < 36; month++)
            for (var i = 0; i < 2_000; i++) Assert.True(filter.MayContain($"m{month}-{i}"));
        Assert.InRange(Enumerable.Range(0, 100_000).Count(i => filter.MayContain($"new-{i}")), 0, 100);
    }

    [Fact]
    public void Coarse_filters_of_older_entries_are_read_as_they_were_written()
    {
        var filter = new IdFilter();
        AddLayer(filter, ["a", "b"], 0);
        AddLayer(filter, ["c"], IdFilter.BitsPerId);
        Assert.Equal((1, 3, 3), (filter.Coarse, filter.Layers[0].Length, filter.Layers[1].Length));
        Assert.True(filter.MayContain("a") && filter.MayContain("b") && filter.MayContain("c"));
        Assert.False(filter.MayContain("d"));
    }

    private static void AddLayer(IdFilter filter, string[] ids, byte bitsPerId)
    {
        var layer = IdFilter.NewLayer(ids.Length, bitsPerId);
        foreach (var id in ids) IdFilter.Put(layer, bitsPerId, id);
        filter.AddLayer(layer, bitsPerId);
    }
}
