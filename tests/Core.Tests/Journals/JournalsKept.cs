using System.IO.Compression;
using MeteringGateway.Core.Tests.Histories;

namespace MeteringGateway.Core.Tests.Journals;

/// <summary>
/// Journals of random histories, written by earlier versions and kept with the digests that they had. A line of a file
/// is a name, a digest, and the entries, each in base64. Entries are never rewritten and rules never change the past:
/// whatever this version adds to the state is absent from its canonical bytes until an entry brings it.
/// </summary>
public sealed class JournalsKept
{
    private static string Folder => Path.Combine(Repository.Root, "tests/Core.Tests/Journals");

    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Folder, "entries-*.gz").Select(file => Path.GetFileName(file)!)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Fold_to_the_digests_that_they_had(string file)
    {
        var journals = 0;
        foreach (var line in Lines(file))
        {
            var words = line.Split(' ');
            var state = RealTenant.Fold(words.Skip(2).Select(Convert.FromBase64String));
            Assert.True(words[1] == RealTenant.Hex(state.Digest()), $"{words[0]}: another digest");
            Assert.True(words[1] == RealTenant.Hex(TenantState.Restore(state.Snapshot()).Digest()),
                $"{words[0]}: another from its snapshot");
            journals++;
        }
        Assert.True(journals >= 50);
    }

    /// <summary>Snapshots of version 3, as an earlier program wrote them of such journals.</summary>
    [Fact]
    public void Snapshots_of_before_are_read()
    {
        var snapshots = 0;
        foreach (var line in Lines("snapshots-3.gz"))
        {
            var words = line.Split(' ');
            var state = TenantState.Restore(Convert.FromBase64String(words[2]));
            Assert.Equal(words[1], RealTenant.Hex(state.Digest()));
            Assert.Equal(words[1], RealTenant.Hex(TenantState.Restore(state.Snapshot()).Digest()));
            snapshots++;
        }
        Assert.True(snapshots > 20);
    }

    /// <summary>
    /// Writes such a file: METERING_KEEP_JOURNALS names it. Done once for a version, before what it wrote may change.
    /// </summary>
    [Fact]
    public void Are_written_when_asked_for()
    {
        if (Environment.GetEnvironmentVariable("METERING_KEEP_JOURNALS") is not { Length: > 0 } name) return;
        using var to = new StreamWriter(
            new GZipStream(File.Create(Path.Combine(Folder, name)), CompressionLevel.SmallestSize));
        foreach (var seed in Enumerable.Range(1, 80))
        {
            var journal = Duel.Journal(HistoryGenerator.Generate(seed));
            var digest = RealTenant.Hex(RealTenant.Fold(journal).Digest());
            to.WriteLine($"{seed} {digest} {string.Join(' ', journal.Select(Convert.ToBase64String))}");
        }
    }

    /// <summary>The journals of the first encoding, by name.</summary>
    public static IEnumerable<(string Name, byte[][] Entries)> Kept() =>
        from line in Lines("entries-2.gz")
        let words = line.Split(' ')
        select (words[0], words.Skip(2).Select(Convert.FromBase64String).ToArray());

    private static IEnumerable<string> Lines(string file)
    {
        using var from = new StreamReader(
            new GZipStream(File.OpenRead(Path.Combine(Folder, file)), CompressionMode.Decompress));
        while (from.ReadLine() is { } line) yield return line;
    }
}
