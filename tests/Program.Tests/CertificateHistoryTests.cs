using System.Text.Json;
using MeteringGateway.Api.Certificates;
using MeteringGateway.Api.Json;
using MeteringGateway.Core;
using MeteringGateway.Core.Tests;
using MeteringGateway.Core.Tests.Histories;
using MeteringGateway.Engine;

namespace MeteringGateway.Program.Tests;

/// <summary>
/// Whatever became of an outcome in a random history, its certificate is free of contradictions, and the entries come
/// to the same (D2): what a planted change is refused by refuses nothing that is true.
/// </summary>
public sealed class CertificateHistoryTests : IDisposable
{
    private const int Histories = 150;
    private const int OutcomesOfEach = 6;
    private const string Tenant = "acme";
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void D2_every_certificate_of_random_histories_is_good_alone_and_replayed()
    {
        using var keys = new CertificateKeys(_directory);
        var (seen, published) = (new HashSet<string>(), keys.Published());
        for (var seed = 1; seed <= Histories; seed++)
        {
            var tenant = Played(seed);
            var chained = Chained(tenant.Journal);
            var ids = chained.Select(one => one.Entry).OfType<Entry.OutcomeReported>().Select(e => e.OutcomeId)
                .Distinct().ToList();
            foreach (var id in ids.Where((_, i) => i % Math.Max(1, ids.Count / OutcomesOfEach) == 0))
            {
                var signed = Certify(keys, tenant, chained, id);
                var proof = Proof.Read(signed, published);
                var comparison = new Comparison(proof);
                foreach (var bytes in tenant.Journal) if (!comparison.IsDone) comparison.Take(bytes, null);
                comparison.End();
                seen.Add(proof.Certificate!.Outcome!.Status);
                seen.Add(proof.Certificate.Outcome.NonBillableReason ?? "");
                foreach (var charge in proof.Certificate.Outcome.Charges) seen.Add(charge.Source);
                if (proof.Certificate.Outcome.Credit is not null) seen.Add("taken back");
            }
        }
        string[] all = ["pending", "billable", "non_billable", "credited", "included", "committed", "credits",
            "on_demand", "over_cap", "reopened", "duplicate_in_session", "taken back"];
        Assert.Empty(all.Except(seen)); // each came up, or this says nothing of it
    }

    private static RealTenant Played(int seed)
    {
        var history = HistoryGenerator.Generate(seed);
        var tenant = new RealTenant();
        tenant.Run(history.Create, history.Start);
        foreach (var step in history.Steps)
            if (step.Command is { } command) tenant.Run(command, step.Now, step.Label);
        return tenant;
    }

    private static List<JournalEntry> Chained(List<byte[]> journal)
    {
        var (entries, hash) = (new List<JournalEntry>(journal.Count), Chain.Genesis(Tenant));
        foreach (var bytes in journal)
        {
            var previous = hash;
            Chain.Next(previous, bytes, hash = new byte[Chain.HashLength]);
            entries.Add(new JournalEntry(entries.Count + 1, EntryCodec.Read(bytes), previous, hash));
        }
        return entries;
    }

    private static string Certify(CertificateKeys keys, RealTenant tenant, List<JournalEntry> chained, string id)
    {
        var outcome = tenant.Outcome(id)!;
        var entry = chained.Last(one => one.Entry is Entry.OutcomeReported e && e.OutcomeId == outcome.Id
            || one.Entry is Entry.OutcomeChanged c && c.OutcomeId == outcome.Id);
        var proof = new EntryProof(entry, tenant.Journal[(int)entry.Sequence - 1], outcome, outcome.Time,
            tenant.State.RulesAt(outcome.Time), tenant.State.Figure(tenant.State.Now).Terms.Currency,
            chained.Count, chained[^1].Hash);
        return keys.Sign(CertificateWire.Name, JsonSerializer.SerializeToUtf8Bytes(
            CertificateWire.Of(proof, Tenant, tenant.State.Now), WireJson.Typed<CertificateWire>()));
    }
}
