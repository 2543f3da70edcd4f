using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>Outcomes that have left memory, and are spoken of again (I4, O5).</summary>
public sealed class RecallTests
{
    private const string Tenant = "acme";
    private const int Many = 40;

    [Fact]
    public async Task A_batch_fetches_what_it_speaks_of_together_and_what_it_changes_itself_again()
    {
        await using var engine = await TestEngine.Start();
        var terms = Make.Terms();
        terms = terms with { OutcomeTypes = [terms.OutcomeTypes[0] with { CreditAfterWindow = true }] };
        await engine.Tenants.Execute(Tenant, Make.Tenant(terms));
        await engine.Tenants.Execute(Tenant, [.. Enumerable.Range(0, Many).Select(i => Make.Report($"o{i}"))]);
        engine.Time.Jump(TimeSpan.FromDays(60));
        await engine.Tenants.Tick(Tenant);
        await TestEngine.Until(() => engine.Store.ArchivedOf(Tenant) == Many);

        var (read, rounds, reading) = (new List<string>(), 0, false);
        engine.Store.BeforeArchived = id =>
        {
            if (!reading) rounds++;
            reading = true;
            read.Add(id);
        };
        engine.Store.BeforeDurable = _ => reading = false;
        // Each is reversed, and the first once more: of that the second has to see that it was credited.
        var said = Enumerable.Range(0, Many).Select(i => Make.Fact($"f{i}", $"o{i}", FactKind.Failed))
            .Append(Make.Fact("again", "o0", FactKind.Failed)).ToArray();
        var answers = await engine.Tenants.Execute(Tenant, said);

        Assert.All(answers, answer =>
            Assert.Equal(OutcomeStatus.Credited, Assert.IsType<Answer.Accepted>(answer).Outcome!.Status));
        Assert.Equal(Many, read.Distinct().Count());
        Assert.Equal("o0", read[^1]);
        Assert.InRange(rounds, 2, Many / 4);
        var statement = (await engine.Tenants.Statement(Tenant, null))!.Statement;
        Assert.Equal(Many, statement.Lines.Where(line => line.Line.Kind == LineKind.Correction)
            .Sum(line => line.Line.Quantity));
    }
}
