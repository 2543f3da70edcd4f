using System.Text;
using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>Versions of what is configured, and of what belongs to entries.</summary>
public abstract partial class StoreBehaviour
{
    [Fact]
    public async Task A_document_is_there_with_the_entries_that_it_belongs_to_or_neither_is()
    {
        Document Version(int version, string text) =>
            new("terms", "acme", version, Now, "key", Encoding.UTF8.GetBytes(text));
        var first = Batches.Of("acme", null, "one") with { Documents = [Version(1, "first"), Version(2, "second")] };
        await Append(first);
        await Append(Batches.Of("acme", first, "two") with { Documents = [Version(2, "not the second")] });
        var stale = Batches.Of("acme", first, "other") with { Documents = [Version(3, "third")] };
        Assert.Equal([AppendResult.LostFence], await _store.Append([stale], default));
        await Reopen();

        Assert.Equal([(1, "first"), (2, "second")], (await _store.Documents("terms", default))
            .Select(one => (one.Version, Encoding.UTF8.GetString(one.Content))));
        Assert.False(await _store.Put(Version(2, "again"), default));
        Assert.True(await _store.Put(Version(3, "third"), default));
    }

    [Fact]
    public async Task Versions_of_a_document_are_never_changed()
    {
        Assert.True(await _store.Put(new Document("plan", "basic", 1, Now, "admin", [1]), default));
        Assert.False(await _store.Put(new Document("plan", "basic", 1, Now, "other", [2]), default));
        Assert.True(await _store.Put(new Document("plan", "basic", 2, Now, "admin", [3]), default));
        Assert.True(await _store.Put(new Document("plan", "ample", 1, Now, "admin", [4]), default));
        await Reopen();

        var documents = await _store.Documents("plan", default);
        Assert.Equal(
            [("ample", 1, 4), ("basic", 1, 1), ("basic", 2, 3)],
            documents.Select(document => (document.Id, document.Version, (int)document.Content[0])));
        Assert.Equal((Now, "admin"), (documents[0].At, documents[0].Actor));
        Assert.Equal([("ample", 1, 4), ("basic", 2, 3)], (await _store.NewestDocuments("plan", default))
            .Select(document => (document.Id, document.Version, (int)document.Content[0])));
        Assert.Empty(await _store.Documents("key", default));
    }
}
