using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>What an export refuses to leave out, and an import to take.</summary>
public sealed partial class TransferTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;
    private SqliteStore _source = null!;

    public Task InitializeAsync()
    {
        _source = SqliteStore.Open(_directory);
        return TransferSource.Fill(_source);
    }

    public async Task DisposeAsync()
    {
        await _source.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task The_store_that_is_moved_in_these_tests_has_some_of_everything()
    {
        var lines = (await Text()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line[2..line.IndexOf('"', 2)]).CountBy(kind => kind).ToDictionary();

        string[] kinds = ["header", "tenant", "block", "archived", "tenant_end", "idempotency", "outbox", "document",
            "webhook", "delivery", "file_end"];
        Assert.Equal(kinds.Order(), lines.Keys.Order());
        Assert.True(lines["block"] > lines["tenant"] + 5, "no tenant has several lines");
        // the one that was credited, and the two that were disputed, after they had left
        Assert.Equal(3, lines["archived"]);
    }

    [Fact]
    public async Task A_file_with_an_altered_byte_anywhere_is_refused_and_nothing_is_written()
    {
        var file = await Small();
        var some = Enumerable.Range(0, file.Length)
            .Where(i => i < 60 || i >= file.Length - 150 || i % (file.Length / 300) == 0).ToList();
        foreach (var (flip, at) in some.Select((at, i) => ((byte)(1 << i % 7), at)))
        {
            file[at] ^= flip;
            var error = await Assert.ThrowsAsync<TransferException>(() =>
                Import.Check(new MemoryStream(file), new TransferOptions(), default));
            Assert.Matches("^the export file is broken at line [0-9]+: ", error.Message);
            file[at] ^= flip;
        }
        var store = new MemoryStore();
        file[file.Length / 2] ^= 1;
        await Assert.ThrowsAsync<TransferException>(() =>
            Import.Read(() => new MemoryStream(file), store, TransferBehaviour.At(), default));
        Assert.Equal(0, store.Appends);
        await Import.DemandFinished(store, default);
    }

    [Fact]
    public async Task A_file_with_nothing_in_it_is_no_backup_and_is_not_imported()
    {
        using var file = new MemoryStream();
        await Export.Write(new MemoryStore(), file, TransferBehaviour.At(), default);
        Assert.Null(await Import.Something(new MemoryStore(), default));

        foreach (var read in (Func<Task>[])[
            () => Import.Check(TransferBehaviour.Again(file), new TransferOptions(), default),
            () => Import.Read(() => TransferBehaviour.Again(file), new MemoryStore(), TransferBehaviour.At(), default)])
            Assert.Contains("has nothing in it", (await Assert.ThrowsAsync<TransferException>(read)).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_was_cut_short_or_continued_is_refused()
    {
        var file = await Small();
        foreach (var length in Enumerable.Range(0, 60).Select(i => file.Length * i / 60).Append(file.Length - 1))
        {
            var error = await Assert.ThrowsAsync<TransferException>(() =>
                Import.Check(new MemoryStream(file, 0, length), new TransferOptions(), default));
            Assert.Contains("cut short", error.Message, StringComparison.Ordinal);
        }
        var longer = await Assert.ThrowsAsync<TransferException>(() =>
            Import.Check(new MemoryStream([.. file, .. "{}\n"u8]), new TransferOptions(), default));
        Assert.Contains("something follows", longer.Message, StringComparison.Ordinal);
        Assert.Equal(5, (await Import.Check(new MemoryStream(file), new TransferOptions(), default)).Tenants);
    }

    [Theory]
    [InlineData("\"digest\":\"....", "the digest of its", "\"digest\":\"AAAA")]
    [InlineData("\"hash\":\"....", "the chain of its", "\"hash\":\"AAAA")]
    public async Task A_tenant_whose_journal_does_not_come_to_what_the_file_says_is_named(string pattern, string why,
        string with)
    {
        var text = await Text();
        var end = text.Split('\n')
            .First(line => line.Contains("\"tenant_end\":{\"id\":\"history\"", StringComparison.Ordinal));
        var forged = Sealed(text.Replace(end, Regex.Replace(end, pattern, with), StringComparison.Ordinal));

        var error = await Assert.ThrowsAsync<TransferException>(() =>
            Import.Check(new MemoryStream(forged), new TransferOptions(), default));

        Assert.Contains("tenant 'history'", error.Message, StringComparison.Ordinal);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_a_later_version_or_of_another_kind_says_so()
    {
        var later = await Broken((await Text())
            .Replace("\"version\":1,\"made_at\"", "\"version\":2,\"made_at\"", StringComparison.Ordinal));
        Assert.Contains("the file is of version 2; this program reads version 1", later, StringComparison.Ordinal);
        Assert.Contains("not an export of this program", await Broken("{\"id\":\"c-1\"}\n"), StringComparison.Ordinal);
        Assert.Contains("not an export of this program", await Broken("{\"id\""), StringComparison.Ordinal);
        var begun = await Assert.ThrowsAsync<TransferException>(() =>
            Import.Check(new MemoryStream("{\"hea"u8.ToArray()), new TransferOptions(), default));
        Assert.Contains("cut short", begun.Message, StringComparison.Ordinal);
        Assert.Contains("it is empty: it was cut short", await Broken(""), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AppendResult.LostFence,
        "tenant 'busy' could not be written at sequence 1: somebody else has written it")]
    [InlineData(AppendResult.Unknown,
        "tenant 'busy' could not be written at sequence 1: the store did not say whether it was")]
    public async Task A_tenant_that_the_store_does_not_take_is_named_and_the_store_is_known_to_be_unfinished(
        AppendResult answer, string why)
    {
        using var file = await TransferBehaviour.Exported(_source);
        var store = Interposed.Over(new MemoryStore(), (call, result) =>
            call.Name == nameof(IStore.Append) ? new ValueTask<IReadOnlyList<AppendResult>>([answer]) : result);

        var error = await Assert.ThrowsAsync<TransferException>(() =>
            Import.Read(() => TransferBehaviour.Again(file), store, TransferBehaviour.At(), default));

        Assert.Equal(why, error.Message);
        foreach (var use in (Func<Task>[])[
            () => Import.DemandFinished(store, default).AsTask(),
            () => Export.Write(store, Stream.Null, TransferBehaviour.At(), default),
            () => Import.Read(() => TransferBehaviour.Again(file), store, TransferBehaviour.At(), default)])
            Assert.Contains("did not finish", (await Assert.ThrowsAsync<TransferException>(use)).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tenant_that_is_read_back_otherwise_than_it_was_written_is_named()
    {
        using var file = await TransferBehaviour.Exported(_source);
        var store = Interposed.Over(new MemoryStore(), (call, result) =>
            call.Name == nameof(IStore.Read)
                && ((ValueTask<IReadOnlyList<EntryBlock>>)result!).Result is { Count: > 0 } blocks
                ? new ValueTask<IReadOnlyList<EntryBlock>>(
                    [.. blocks.Select(block =>
                        block with { Entries = [.. block.Entries[..^1], (byte)(block.Entries[^1] ^ 1)] })])
                : result);

        var error = await Assert.ThrowsAsync<TransferException>(() =>
            Import.Read(() => TransferBehaviour.Again(file), store, TransferBehaviour.At(), default));

        Assert.Equal("as it was read back, tenant 'busy': its chain is broken", error.Message);
    }

    [Fact]
    public async Task A_journal_that_is_damaged_is_not_exported()
    {
        foreach (var table in (string[])["journal", "fresh"])
            _source.Execute($"UPDATE {table} SET entries=CAST(REPLACE(entries, CAST('o5' AS BLOB), CAST('oX' AS BLOB)) "
                + "AS BLOB)");

        var error = await Assert.ThrowsAsync<TransferException>(() => TransferBehaviour.Exported(_source));

        Assert.Contains("tenant 'history'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_block_that_holds_more_or_less_than_it_says_is_not_exported(int more)
    {
        _source.Execute($"UPDATE journal SET count=count+({more}) WHERE first=2 AND "
            + "tenant=(SELECT key FROM tenants WHERE id='busy')");

        var error = await Assert.ThrowsAsync<TransferException>(() => TransferBehaviour.Exported(_source));

        Assert.Contains("tenant 'busy'", error.Message, StringComparison.Ordinal);
        Assert.Contains("the block of 2 should hold", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_that_have_expired_are_not_moved()
    {
        var later = new TransferOptions {
            Time = new TransferSource.Clock { Now = TransferSource.End + TimeSpan.FromDays(1) } };
        using var file = await TransferBehaviour.Exported(_source);
        await using var store = new MemoryStore();
        await Import.Read(() => TransferBehaviour.Again(file), store, later, default);

        Assert.Empty(await store.IdempotencyPage(null, 10, default));
        Assert.Equal(0, (await Export.Write(_source, Stream.Null, later, default)).Idempotency);
    }

    [Fact]
    public async Task While_a_server_writes_each_tenant_is_exported_as_of_a_moment()
    {
        await using var tenants = new LocalTenants(_source, new EngineOptions(),
            new TransferSource.Clock { Now = TransferSource.End });
        await tenants.StartAsync();
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                await tenants.Execute($"new-{i % 50}",
                    [Make.Tenant(Make.Terms(cap: 1 + i % 3)), Make.Report($"w{i}"), Make.Report($"v{i}")]);
                await tenants.ExecuteOnce("busy", Make.Report($"k{i}"), new IdempotencyKey($"w:{i}", [1]));
            }
        });
        for (var round = 0; round < 8; round++)
        {
            await using var reader = SqliteStore.OpenReadOnly(_directory);
            using var file = new MemoryStream();
            var summary = await Export.Write(reader, file, TransferBehaviour.At() with { WhileRunning = true },
                default);
            await using var store = new MemoryStore();
            Assert.Equal(summary,
                await Import.Read(() => TransferBehaviour.Again(file), store, TransferBehaviour.At(), default));
        }
        await stop.CancelAsync();
        await writing;
    }

    [Fact]
    public async Task A_file_on_disk_is_its_owners_alone_and_may_be_compressed()
    {
        foreach (var name in (string[])["store.export", "store.export.gz"])
        {
            var path = Path.Combine(_directory, name);
            var summary = await TransferFile.Export(_source, path, TransferBehaviour.At(), default);
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            await using var store = new MemoryStore();
            Assert.Equal(summary, await TransferFile.Import(path, store, TransferBehaviour.At(), default));
            // it is there
            await Assert.ThrowsAsync<IOException>(() =>
                TransferFile.Export(_source, path, TransferBehaviour.At(), default));
            var bytes = await File.ReadAllBytesAsync(path);
            await File.WriteAllBytesAsync(path, bytes[..(bytes.Length / 2)]);
            await Assert.ThrowsAsync<TransferException>(() =>
                TransferFile.Check(path, TransferBehaviour.At(), default));
        }
    }

    [Fact]
    public void Every_kind_of_document_that_the_product_writes_is_exported()
    {
        var kinds = Directory.EnumerateFiles(Repository.File("src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => KindConstant().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value))
            .Where(kind => kind != "import");

        Assert.Equal(kinds.Distinct().Order(), Export.Kinds.Order());
    }

    /// <summary>A file that can be read often.</summary>
    private static async Task<byte[]> Small()
    {
        var store = new MemoryStore();
        await TransferSource.Fill(store, busy: 10);
        return (await TransferBehaviour.Exported(store)).ToArray();
    }

    private async Task<string> Text() => Encoding.UTF8.GetString((await TransferBehaviour.Exported(_source)).ToArray());

    private static async Task<string> Broken(string text) =>
        (await Assert.ThrowsAsync<TransferException>(() =>
            Import.Check(new MemoryStream(Sealed(text)), new TransferOptions(), default))).Message;

    /// <summary>The file with its hashes made good, as a forger would.</summary>
    private static byte[] Sealed(string text)
    {
        var whole = new StringBuilder();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            whole.Append(HashMember()
                .Replace(line,
                    $"\"sha256\":\"{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(whole.ToString())))}\"")).Append('\n');
        return Encoding.UTF8.GetBytes(whole.ToString());
    }

    [GeneratedRegex("\"sha256\":\"[^\"]*\"")]
    private static partial Regex HashMember();

    [GeneratedRegex("const string \\w*Kind = \"([\\w-]+)\"")]
    private static partial Regex KindConstant();
}

/// <summary>A store whose answers are looked at on their way.</summary>
public class Interposed : DispatchProxy
{
    private IStore _store = null!;
    private Func<MethodInfo, object?, object?> _answer = null!;

    public static IStore Over(IStore store, Func<MethodInfo, object?, object?> answer)
    {
        var proxy = Create<IStore, Interposed>();
        (((Interposed)(object)proxy)._store, ((Interposed)(object)proxy)._answer) = (store, answer);
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        _answer(targetMethod!, targetMethod!.Invoke(_store, args));
}
