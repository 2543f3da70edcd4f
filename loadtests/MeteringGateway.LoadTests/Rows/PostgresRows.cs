using System.Globalization;
using System.Text.RegularExpressions;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// Durable ingest in batches of 100 against PostgreSQL doing the same job in one function, which takes the events of a
/// transaction at once: it recognises ids, and adds what is new to each tenant's counter if the cap lets it.
/// </summary>
internal static partial class PostgresRows
{
    private const string Schema = """
        CREATE TABLE ids(tenant text, id text, PRIMARY KEY(tenant, id));
        CREATE TABLE tenants(id text PRIMARY KEY, used bigint NOT NULL, over_cap bigint NOT NULL, cap bigint NOT NULL)
          WITH (fillfactor = 50);
        INSERT INTO tenants SELECT 'load-' || i, 0, 0, 100000000000 FROM generate_series(0, 9) i;
        CREATE FUNCTION report(client int, first bigint, many int) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE one record;
        BEGIN
          FOR one IN WITH fresh AS (
              INSERT INTO ids SELECT 'load-' || (n % 10), 'e' || client || '-' || n
                FROM generate_series(first, first + many - 1) n ON CONFLICT DO NOTHING RETURNING tenant)
            SELECT tenant, count(*) AS units FROM fresh GROUP BY tenant ORDER BY tenant LOOP
            UPDATE tenants SET used = used + one.units WHERE id = one.tenant AND used + one.units <= cap;
            IF NOT FOUND THEN
              UPDATE tenants SET over_cap = over_cap + one.units WHERE id = one.tenant;
            END IF;
          END LOOP;
        END $$;
        """;

    public static async Task<IReadOnlyList<Row>> Measure(Options options)
    {
        using var bed = await Bed.Start(options, IngestRow.Tenants);
        using var postgres = new PostgresServer(options.Machine.ServerCores);
        postgres.Sql(Schema);
        var ids = new Counter();
        using var ours = bed.Reports([.. Enumerable.Range(0, IngestRow.Connections)
            .Select(_ => Batch.ForGateway(IngestRow.Tenants, ids))]);
        var script = Path.Combine(bed.Directory, "report.sql");
        await File.WriteAllTextAsync(script, "\\set n :n + :many\nSELECT report(:client_id, :n, :many);\n");
        var rows = new List<Row>();
        foreach (var (many, floor, target, beyond) in ((int, double, double, double)[])[(1, 5, 15, 40),
            (Batch.Size, 1.5, 4, 10)])
        {
            var theirs = new Bench(postgres, script, many);
            var (a, b) = Pair.Alternate(ours, theirs, options.Pairs, options.Each, options.WarmUp);
            rows.Add(new Row("durable ingest, batches of 100, events/s",
                $"PostgreSQL, the same job, {many} event{(many == 1 ? "" : "s")} a transaction", floor, target, beyond,
                Pair.Ratios(a, b),
                [Pair.Describe(ours, a, "events"), Pair.Describe(theirs, b, "events"),
                 string.Create(CultureInfo.InvariantCulture,
                     $"{IngestRow.Connections} connections each, by pgbench on PostgreSQL's side; fsync and synchronous_commit are on")]));
        }
        return rows;
    }

    /// <param name="Many">Events of a transaction.</param>
    private sealed record Bench(PostgresServer Server, string Script, int Many) : Measurable("PostgreSQL")
    {
        private static long _last;

        public override Sample Measure(TimeSpan time)
        {
            var before = Server.CpuTime;
            var (clients, seconds) = (Text(IngestRow.Connections), Math.Max(1, (int)Math.Round(time.TotalSeconds)));
            var told = Server.Client("pgbench", "-n", "-M", "prepared", "-f", Script, "-c", clients, "-j", "2", "-T",
                Text(seconds), "-D", "many=" + Text(Many), "-D", "n=" + Text(_last += 100_000_000));
            var transactions = long.Parse(Processed().Match(told).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            var perSecond = double.Parse(PerSecond().Match(told).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            return new Sample(perSecond * Many,
                (Server.CpuTime - before).TotalMicroseconds / (transactions * Many));
        }

        private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
    }

    [GeneratedRegex("transactions actually processed: ([0-9]+)")]
    private static partial Regex Processed();

    [GeneratedRegex("tps = ([0-9.]+)")]
    private static partial Regex PerSecond();
}
