namespace MeteringGateway.Engine.Sqlite;

/// <summary>The tables; described in <c>docs/journal.md</c>.</summary>
internal static class Schema
{
    public const int Version = 5;

    /// <summary>What makes each version out of the one before it.</summary>
    private static readonly string[] Steps = [Journal, Webhooks, Severity, Published + Seals.Step, Fresh];

    private const string Journal = """
        CREATE TABLE tenants(
          key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, sequence INTEGER NOT NULL, hash BLOB NOT NULL, due INTEGER,
          snapshot_sequence INTEGER NOT NULL DEFAULT 0, snapshot_hash BLOB);
        CREATE INDEX tenants_due ON tenants(due) WHERE due IS NOT NULL;

        CREATE TABLE journal(
          id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
            previous BLOB NOT NULL,
          entries BLOB NOT NULL);
        CREATE UNIQUE INDEX journal_tenant ON journal(tenant, first);

        CREATE TABLE snapshots(
          id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, sequence INTEGER NOT NULL, part INTEGER NOT NULL,
            bytes BLOB NOT NULL);
        CREATE UNIQUE INDEX snapshots_tenant ON snapshots(tenant, sequence, part);

        CREATE TABLE details(
          tenant INTEGER NOT NULL, sequence INTEGER NOT NULL, end_customer TEXT, salt BLOB NOT NULL, json BLOB NOT NULL,
          PRIMARY KEY(tenant, sequence)) WITHOUT ROWID;
        CREATE INDEX details_end_customer ON details(tenant, end_customer) WHERE end_customer IS NOT NULL;

        CREATE TABLE archived(
          tenant INTEGER NOT NULL, id TEXT NOT NULL, first INTEGER NOT NULL, sequence INTEGER NOT NULL,
            period INTEGER NOT NULL,
          status INTEGER NOT NULL, reason INTEGER NOT NULL, type TEXT NOT NULL, session TEXT, bytes BLOB NOT NULL,
          PRIMARY KEY(tenant, id)) WITHOUT ROWID;
        CREATE INDEX archived_first ON archived(tenant, first);
        CREATE INDEX archived_sequence ON archived(tenant, sequence);

        CREATE TABLE idempotency(
          key TEXT PRIMARY KEY, content BLOB NOT NULL, answer BLOB NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX idempotency_expires ON idempotency(expires);

        CREATE TABLE documents(
          kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL,
            content BLOB NOT NULL,
          PRIMARY KEY(kind, id, version)) WITHOUT ROWID;

        PRAGMA application_id = 0x4D455452;
        PRAGMA user_version = 1;
        """;

    private const string Webhooks = """
        CREATE TABLE outbox(
          position INTEGER PRIMARY KEY AUTOINCREMENT, tenant INTEGER NOT NULL, sequence INTEGER NOT NULL,
            type TEXT NOT NULL,
          at INTEGER NOT NULL, hash BLOB NOT NULL, entry BLOB NOT NULL);

        CREATE TABLE webhooks(id TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;

        CREATE TABLE deliveries(
          number INTEGER PRIMARY KEY AUTOINCREMENT, webhook TEXT NOT NULL, id TEXT NOT NULL, tenant TEXT NOT NULL,
          sequence INTEGER NOT NULL, type TEXT NOT NULL, body BLOB NOT NULL, created INTEGER NOT NULL,
            status INTEGER NOT NULL,
          head INTEGER NOT NULL, due INTEGER NOT NULL, give_up INTEGER NOT NULL, tries INTEGER NOT NULL, ended INTEGER,
          attempts BLOB NOT NULL);
        CREATE UNIQUE INDEX deliveries_id ON deliveries(webhook, id);
        CREATE INDEX deliveries_webhook ON deliveries(webhook);
        CREATE INDEX deliveries_status ON deliveries(webhook, status);
        CREATE INDEX deliveries_pending ON deliveries(webhook, tenant, number) WHERE status=0;
        CREATE UNIQUE INDEX deliveries_head ON deliveries(webhook, tenant) WHERE head=1;
        CREATE INDEX deliveries_due ON deliveries(webhook, due) WHERE head=1;
        CREATE INDEX deliveries_created ON deliveries(created) WHERE status=0;
        CREATE INDEX deliveries_ended ON deliveries(ended) WHERE ended IS NOT NULL;

        PRAGMA user_version = 2;
        """;

    private const string Severity = """
        ALTER TABLE tenants ADD COLUMN severity INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX tenants_severity ON tenants(severity DESC, id) WHERE severity>0;

        PRAGMA user_version = 3;
        """;

    /// <summary>Came between two versions: a database of version 3 may have it, or not.</summary>
    private const string Published =
        "CREATE TABLE IF NOT EXISTS published(tenant INTEGER PRIMARY KEY, entry INTEGER NOT NULL);\n";

    /// <summary>Also made for a connection alone, where a database of before it is only read.</summary>
    public const string FreshTable = """
        TABLE fresh(
          id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
            previous BLOB NOT NULL, hash BLOB NOT NULL, due INTEGER, entries BLOB NOT NULL, seal INTEGER);
        """;

    private const string Fresh = $"CREATE {FreshTable}\n\nPRAGMA user_version = 5;";

    /// <summary>Makes the tables that are not there yet; refuses a database that a newer program wrote.</summary>
    public static void Prepare(Connection connection, string path)
    {
        var version = Check(connection, path);
        // Before the first write; a database in write-ahead mode stays in it.
        connection.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
        if (version < Version)
            connection.Transaction("BEGIN IMMEDIATE", db =>
            {
                foreach (var step in Steps.Skip((int)version)) db.Execute(step);
                return true;
            });
    }

    /// <summary>
    /// Where what says how the tables are made is not what a program wrote: names, columns, indexes, the file's kind.
    /// </summary>
    public static List<string> Differences(Connection connection)
    {
        var findings = new List<string>();
        if (connection.Number("PRAGMA application_id") is not 0x4D455452)
            findings.Add("the schema: the application id is not a metering gateway's");
        using var expected = new Connection(":memory:", write: true);
        foreach (var step in Steps.Take((int)connection.Number("PRAGMA user_version"))) expected.Execute(step);
        var (there, right) = (Objects(connection), Objects(expected));
        foreach (var name in there.Keys.Union(right.Keys).Order(StringComparer.Ordinal))
            if (there.GetValueOrDefault(name) != right.GetValueOrDefault(name)
                // See Published.
                && !(name == "table published" && !right.ContainsKey(name)))
                findings.Add($"the schema: the {name} is not what it should be");
        return findings;
    }

    /// <summary>What each was made with. Lines were broken differently once.</summary>
    private static Dictionary<string, string> Objects(Connection connection)
    {
        var objects = new Dictionary<string, string>(StringComparer.Ordinal);
        using var rows = connection["SELECT type||' '||name, tbl_name||': '||COALESCE(sql, '') FROM sqlite_schema"];
        while (rows.Step())
            objects.TryAdd(rows.Text(0), string.Join(' ', rows.Text(1).Split([' ', '\n'],
                StringSplitOptions.RemoveEmptyEntries)));
        return objects;
    }

    /// <summary>The version of the tables; 0 if there are none yet.</summary>
    /// <exception cref="StoreException">A newer program wrote them.</exception>
    public static long Check(Connection connection, string path)
    {
        var version = connection.Number("PRAGMA user_version");
        return version <= Version
            ? version
            : throw new StoreException(
                $"'{path}' has schema version {version}; this program knows versions up to {Version}. Nothing was "
                    + "changed.");
    }
}
