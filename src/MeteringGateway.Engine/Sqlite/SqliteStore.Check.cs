using MeteringGateway.Core;
using MeteringGateway.Engine.Sqlite;
using Statement = MeteringGateway.Engine.Sqlite.Statement;

namespace MeteringGateway.Engine;

/// <summary>Whether the database is as it was written, where the tenants' journals do not say it.</summary>
public sealed partial class SqliteStore
{
    /// <summary>Findings of a kind from which no more are looked for.</summary>
    private const int MostFindings = 100;

    public Task<IReadOnlyList<string>> Check(CancellationToken cancellation) => Task.Run<IReadOnlyList<string>>(() =>
    {
        var findings = new List<string>();
        Try(findings, "the schema", db => findings.AddRange(Schema.Differences(db)));
        Try(findings, "the file", db =>
        {
            using var rows = db[$"PRAGMA integrity_check({MostFindings})"];
            while (rows.Step())
                if (rows.Text(0) is var said && said != "ok") findings.Add($"metering.db: {said}");
        });
        foreach (var table in Seals.Names(_version))
        {
            cancellation.ThrowIfCancellationRequested();
            Try(findings, table, db => findings.AddRange(Unsealed(db, table)));
        }
        Try(findings, "the tables", db => findings.AddRange(Mistyped(db)));
        Try(findings, "archived", db => findings.AddRange(Misfiled(db)));
        Try(findings, "details", db =>
        {
            using var rows = db[$"SELECT tenants.id, details.sequence FROM details JOIN tenants ON key=details.tenant "
                + $"LEFT JOIN ({FreshSequences}) AS last ON last.tenant=key "
                + "WHERE details.sequence NOT BETWEEN 1 AND COALESCE(last.sequence, tenants.sequence) LIMIT 1"];
            while (rows.Step()) findings.Add($"details: there is one of entry {rows.Int64(1)} of {rows.Text(0)}, which "
                + "has no such entry");
        });
        foreach (var table in (string[])["journal", "fresh", "snapshots", "details", "archived", "outbox"])
            Try(findings, table, db => findings.AddRange(Orphans(db, table)));
        return findings;
    }, cancellation);

    /// <summary>Rows of a table whose seal does not hold.</summary>
    private static List<string> Unsealed(Connection db, string table)
    {
        var findings = new List<string>();
        using var rows = db[$"SELECT {Seals.KeyOf(table)} FROM {table} NOT INDEXED WHERE NOT {Seals.Holds(table)} "
            + $"LIMIT {MostFindings}"];
        while (rows.Step()) findings.Add(Damaged(table, rows.Text(0)));
        return findings;
    }

    /// <summary>A value of another type than its column's: the same bytes as a text are equal to none as a blob.</summary>
    private static List<string> Mistyped(Connection db)
    {
        var (columns, findings) = (new List<(string Table, string Right)>(), new List<string>());
        using (var rows = db["SELECT s.name, c.name, lower(c.type) FROM sqlite_schema s, pragma_table_info(s.name) c "
            + "WHERE s.type='table' AND c.type IN ('INTEGER', 'TEXT', 'BLOB') ORDER BY s.name"])
            while (rows.Step())
                columns.Add((rows.Text(0), $"typeof({rows.Text(1)}) IN ('{rows.Text(2)}', 'null')"));
        foreach (var table in columns.GroupBy(one => one.Table, one => one.Right))
            if (db.Number($"SELECT COUNT(*) FROM {table.Key} NOT INDEXED WHERE NOT ({string.Join(" AND ", table)})")
                is > 0 and var some)
                findings.Add($"{table.Key}: {some} rows have values of another type than is written there");
        return findings;
    }

    /// <summary>Archived outcomes that lists would not find, or under another name: their columns follow from their
    /// bytes, and those from the journal.</summary>
    private static List<string> Misfiled(Connection db)
    {
        var findings = new List<string>();
        using var rows = db["SELECT tenant, id, first, sequence, period, status, reason, type, session, bytes "
            + "FROM archived NOT INDEXED"];
        while (rows.Step() && findings.Count < MostFindings)
            if (!IsFiled(rows)) findings.Add(Damaged("archived", $"{rows.Int64(0)}/{rows.Text(1)}"));
        return findings;
    }

    private static bool IsFiled(Statement row)
    {
        try
        {
            var outcome = EntryCodec.ReadOutcome(row.Blob(9));
            return row.Text(1) == outcome.Id && row.Int64(2) == outcome.ReportedBy
                && row.Int64(3) == outcome.LastSequence && row.Int64(4) == outcome.Period.DayNumber
                && row.Int64(5) == (long)outcome.Status && row.Int64(6) == (long)outcome.Reason
                && row.Text(7) == outcome.Type && (row.IsNull(8) ? null : row.Text(8)) == outcome.Session;
        }
#pragma warning disable CA1031 // Bytes that are not an outcome can fail in any way.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    private static List<string> Orphans(Connection db, string table)
    {
        using var rows = db[$"SELECT COUNT(*) FROM {table} WHERE tenant NOT IN (SELECT key FROM tenants)"];
        return rows.Step() && rows.Int64(0) is > 0 and var some ? [$"{table}: {some} rows are of no tenant"] : [];
    }

    private static string Damaged(string table, string? key) =>
        $"{table}: the row {(key is null ? "" : $"'{key}' ")}is not what was written";

    private void Try(List<string> findings, string what, Action<Connection> look)
    {
        try
        {
            ReadHere(db =>
            {
                look(db);
                return true;
            });
        }
        catch (StoreException e)
        {
            findings.Add($"{what} cannot be read: {e.Message}");
        }
    }

    /// <summary>Nothing that was changed is ever acted upon: who may do what, what things cost, whom to tell.</summary>
    /// <exception cref="StoreException">A document or a webhook is not what was written.</exception>
    private void DemandSeals(Connection db)
    {
        foreach (var table in (string[])["documents", "webhooks"])
            if (Unsealed(db, table) is [var first, ..])
                throw new StoreException($"'{_path}': {first}; 'metering journal --check' says what else is not");
    }

    /// <summary>SQL for a last column: whether the row is as it was written.</summary>
    private string Holds(string table) => _version >= Seals.Since ? Seals.Holds(table) : "1";

    /// <exception cref="StoreException">The row is not as it was written.</exception>
    private void Demand(Statement row, int holds, string table, Func<string> key)
    {
        if (row.Int64(holds) == 0) throw new StoreException($"'{_path}': {Damaged(table, key())}");
    }
}
