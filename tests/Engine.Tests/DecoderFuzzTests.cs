using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>
/// Files that lie about, given real ones that were altered: they are refused as what they are not, and no length in
/// them makes more memory than they could fill. METERING_FUZZ sets how many.
/// </summary>
public sealed class DecoderFuzzTests : IDisposable
{
    private const string Tenant = "history";
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Altered_export_files_are_refused()
    {
        await using var store = new MemoryStore();
        await TransferSource.Fill(store, busy: 20);
        var whole = (await TransferBehaviour.Exported(store)).ToArray();
        await Import.Check(new MemoryStream(whole), TransferBehaviour.At(), default);
        var random = new Random(20261129);
        for (var i = 0; i < Mutations.Count / 200; i++)
        {
            var bytes = Mutations.Of(whole, random);
            if (bytes.AsSpan().SequenceEqual(whole)) continue;
            await Assert.ThrowsAsync<TransferException>(() =>
                Import.Check(new MemoryStream(bytes), TransferBehaviour.At(), default));
        }
    }

    [Fact]
    public async Task Altered_segments_are_refused()
    {
        var whole = await Sealed();
        var path = Path.Combine(_directory, "altered");
        var random = new Random(20261129);
        for (var i = 0; i < Mutations.Count / 40; i++)
        {
            var bytes = Mutations.Of(whole, random);
            if (bytes.AsSpan().SequenceEqual(whole)) continue;
            await File.WriteAllBytesAsync(path, bytes);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Throws<FormatException>(() =>
            {
                using var segment = Segment.Open(path, Tenant);
                segment.Verify();
            });
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20, $"#{i}");
        }
    }

    [Fact]
    public void Altered_pages_of_details_are_read_or_refused()
    {
        var rows = Enumerable.Range(1, 20).Select(i =>
            new DetailRow(i, i % 2 == 0 ? null : $"u-{i}", [1, 2, 3], "{\"a\":1}"u8.ToArray()));
        var (_, count, whole) = SegmentDetails.Pages(rows, 1 << 16).Single();
        Assert.Equal(20, SegmentDetails.Read(whole, count).Count);
        var random = new Random(20261129);
        for (var i = 0; i < Mutations.Count; i++)
        {
            var bytes = Mutations.Of(whole, random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                SegmentDetails.Read(bytes, random.Next(8) == 0 ? random.Next(-2, int.MaxValue) : count);
            }
            catch (FormatException)
            {
                // As it should be.
            }
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 64 * 1024 + 200L * bytes.Length, $"#{i}");
        }
    }

    private async Task<byte[]> Sealed()
    {
        var segments = Path.Combine(_directory, "segments");
        await using var store = new SegmentedStore(new MemoryStore(), new Segments(segments));
        await TransferSource.Fill(store, busy: 20);
        Assert.Equal(1, (await new Sealer(store).Seal(Tenant, Instant.MaxValue, false, default)).Segments);
        return await File.ReadAllBytesAsync(
            Directory.GetFiles(segments, "*", SearchOption.AllDirectories).Single(file => Opens(file)));
    }

    private static bool Opens(string file)
    {
        try
        {
            Segment.Open(file, Tenant).Dispose();
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
