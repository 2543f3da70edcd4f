using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>What was erased of a person and the entry that says so are one write (D2, D4).</summary>
public sealed class ErasureTests
{
    internal const string Acme = "acme";
    internal const string Person = "jane-doe-4711";
    internal static readonly Actor Admin = new("k-admin", "admin");

    [Theory]
    [InlineData(nameof(Fault.Lost))]
    [InlineData(nameof(Fault.WrittenButFailed))]
    public async Task A_process_that_dies_while_it_erases_has_noted_what_is_gone_and_goes_on_when_asked_again_D2(
        string fault)
    {
        var engine = await TestEngine.Start();
        await Fill(engine.Tenants, 2_500);
        var appends = engine.Store.Appends;
        engine.Store.Fault = number => number == appends + 2 ? Enum.Parse<Fault>(fault) : Fault.None;

        await Assert.ThrowsAnyAsync<Exception>(async () => await engine.Tenants.Erase(Acme, Person, Admin));

        await using var next = await engine.Crash();
        var written = fault == nameof(Fault.Lost) ? 1_000 : 2_000;
        Assert.Equal(written, await Noted(next.Store));
        Assert.Equal(2_500 - written, (await next.Store.DetailsOf(Acme, Person, default)).Count);
        Assert.Equal(2_500 - written, (await next.Tenants.Erase(Acme, Person, Admin)).Events);
        Assert.Equal(2_500, await Noted(next.Store));
        Assert.Empty(await next.Store.DetailsOf(Acme, Person, default));
        Assert.Equal(new Erased(0, null), await next.Tenants.Erase(Acme, Person, Admin));
        Assert.Equal(2_500, await Noted(next.Store));
    }

    internal static async Task Fill(LocalTenants tenants, int events)
    {
        await tenants.Execute(Acme, Make.Tenant(Make.Terms()));
        await Task.WhenAll(Enumerable.Range(0, events).Select(i => tenants.Execute(Acme,
            Make.Report($"o{i}") with { Detail = Make.Detail(Person) }).AsTask()));
    }

    /// <summary>Of how many events the journal says that they were erased.</summary>
    internal static async Task<long> Noted(IStore store)
    {
        var noted = 0L;
        foreach (var block in await store.Read(Acme, 0, int.MaxValue, default))
            for (var reader = new BlockReader(block.Entries); reader.TryRead(out var entry);)
                if (EntryCodec.Read(entry.ToArray()) is Entry.DetailErased erased)
                {
                    Assert.Equal(Admin, erased.Actor);
                    noted += erased.Events;
                }
        return noted;
    }
}
