using MeteringGateway.Core;
using MeteringGateway.Engine.Sqlite;
using Statement = MeteringGateway.Engine.Sqlite.Statement;

namespace MeteringGateway.Engine;

public sealed partial class SqliteStore
{
    private const int RowsAtOnce = 1000;
    private const string DeliveryColumns =
        "number, webhook, id, tenant, sequence, type, body, created, status, head, due, give_up, tries, ended, "
            + "attempts";

    private static void Post(Connection db, long tenant, Alert alert) =>
        db["INSERT INTO outbox(tenant, sequence, type, at, hash, entry) VALUES(?,?,?,?,?,?)"]
            .Add(tenant).Add(alert.Sequence).Add(alert.Type).Add(alert.At).Add(alert.Hash).Add(alert.Entry).Run();

    public ValueTask<IReadOnlyList<OutboxRow>> Outbox(long after, int limit,
        CancellationToken cancellation) => Read<IReadOnlyList<OutboxRow>>("", db =>
    {
        using var rows = db["""
            SELECT position, id, outbox.sequence, type, at, outbox.hash, entry FROM outbox JOIN tenants ON key=tenant
            WHERE position>? ORDER BY position LIMIT ?
            """].Add(after).Add(limit);
        var outbox = new List<OutboxRow>();
        while (rows.Step())
            outbox.Add(new OutboxRow(
                rows.Int64(0), rows.Text(1),
                new Alert(rows.Int64(2), rows.Text(3), new Instant(rows.Int64(4)), rows.Blob(5), rows.Blob(6))));
        return outbox;
    }, cancellation);

    public ValueTask Dispatch(IReadOnlyList<long> positions, IReadOnlyList<Delivery> deliveries,
        CancellationToken cancellation) =>
        Change(db =>
    {
        foreach (var made in deliveries)
            db[$"""
                INSERT INTO deliveries(webhook, id, tenant, sequence, type, body, created, status, head, due,
                  give_up, tries, attempts)
                VALUES(?1,?2,?3,?4,?5,?6,?7,0,
                  NOT EXISTS(SELECT 1 FROM deliveries WHERE webhook=?1 AND tenant=?3 AND status=0),?7,?8,0,?9)
                ON CONFLICT(webhook, id) DO NOTHING
                """]
                .Add(made.Webhook).Add(made.Id).Add(made.Tenant).Add(made.Sequence).Add(made.Type).Add(made.Body)
                .Add(made.CreatedAt)
                .Add(made.GiveUpAt).Add(made.Attempts).Run();
        foreach (var position in positions) db["DELETE FROM outbox WHERE position=?"].Add(position).Run();
    });

    public ValueTask Record(IReadOnlyList<Delivery> deliveries, CancellationToken cancellation) =>
        Change(db =>
    {
        foreach (var one in deliveries)
        {
            db["""
                UPDATE deliveries SET status=?1, head=head AND ?1=0, due=COALESCE(?2, due), give_up=?3, tries=?4,
                  ended=?5, attempts=?6
                WHERE number=?7
                """]
                .Add((long)one.Status).Add(one.Due).Add(one.GiveUpAt).Add(one.Tries).Add(one.EndedAt).Add(one.Attempts)
                .Add(one.Number).Run();
            Promote(db, one.Webhook, one.Tenant);
        }
    });

    /// <summary>The head of a tenant's deliveries is the first that is pending.</summary>
    private static void Promote(Connection db, string webhook, string tenant)
    {
        const string first = "(SELECT MIN(number) FROM deliveries WHERE webhook=?1 AND tenant=?2 AND status=0)";
        db[$"UPDATE deliveries SET head=0 WHERE webhook=?1 AND tenant=?2 AND head=1 AND number<>{first}"].Add(webhook)
            .Add(tenant).Run();
        db[$"UPDATE deliveries SET head=1 WHERE number={first} AND head=0"].Add(webhook).Add(tenant).Run();
    }

    /// <summary>Some at a time: those after them are pending until it is their turn.</summary>
    public ValueTask GiveUp(string webhook, Instant now, CancellationToken cancellation) => InPieces(db =>
        db["UPDATE deliveries SET status=2, head=0, ended=? WHERE number IN "
            + "(SELECT number FROM deliveries WHERE webhook=? AND status=0 ORDER BY number LIMIT ?)"]
            .Add(now).Add(webhook).Add(RowsAtOnce).Run(), cancellation);

    // Nobody's turn but its own: a tenant may have the same name.
    private static string Whose(string webhook) => $"/webhook/{webhook}";

    public ValueTask<IReadOnlyList<Delivery>> Heads(string webhook, int limit,
        CancellationToken cancellation) => Read<IReadOnlyList<Delivery>>(Whose(webhook), db =>
    {
        using var rows =
            db[$"SELECT {DeliveryColumns}, {Holds("deliveries")} FROM deliveries WHERE webhook=? AND head=1 "
                + "ORDER BY due, number LIMIT ?"].Add(webhook).Add(limit);
        return ReadDeliveries(rows);
    }, cancellation);

    public ValueTask<Delivery?> Delivery(string webhook, string id,
        CancellationToken cancellation) => Read<Delivery?>(Whose(webhook), db =>
    {
        using var rows = db[$"SELECT {DeliveryColumns}, {Holds("deliveries")} FROM deliveries WHERE webhook=? "
            + "AND id=?"].Add(webhook).Add(id);
        return ReadDeliveries(rows) is [var one] ? one : null;
    }, cancellation);

    public ValueTask<IReadOnlyList<Delivery>> Deliveries(
        string webhook, DeliveryStatus? status, long? before, int limit,
        CancellationToken cancellation) => Read<IReadOnlyList<Delivery>>(Whose(webhook), db =>
    {
        var only = status is null ? "?2 IS NULL" : "status=?2";
        using var rows =
            db[$"SELECT {DeliveryColumns}, {Holds("deliveries")} FROM deliveries WHERE webhook=?1 AND {only} "
                + "AND number<?3 ORDER BY number DESC LIMIT ?4"]
            .Add(webhook).Add((long?)status).Add(before ?? long.MaxValue).Add(limit);
        return ReadDeliveries(rows);
    }, cancellation);

    private List<Delivery> ReadDeliveries(Statement rows)
    {
        var deliveries = new List<Delivery>();
        while (rows.Step())
        {
            Demand(rows, 15, "deliveries", () => rows.Text(0));
            deliveries.Add(new Delivery(
                rows.Int64(0), rows.Text(1), rows.Text(2), rows.Text(3), rows.Int64(4), rows.Text(5), rows.Blob(6),
                new Instant(rows.Int64(7)))
            {
                Status = (DeliveryStatus)rows.Int64(8),
                Due = rows.Int64(9) == 1 ? new Instant(rows.Int64(10)) : null,
                GiveUpAt = new Instant(rows.Int64(11)),
                Tries = (int)rows.Int64(12),
                EndedAt = rows.IsNull(13) ? null : new Instant(rows.Int64(13)),
                Attempts = rows.Blob(14),
            });
        }
        return deliveries;
    }

    public ValueTask<Instant?> FailingSince(string webhook, Instant from, CancellationToken cancellation) => Time($"""
        SELECT MIN(created) FROM deliveries WHERE webhook=?1 AND status={(int)DeliveryStatus.Failed} AND created>=?2
          AND created>COALESCE((SELECT MAX(ended) FROM deliveries
            WHERE webhook=?1 AND status={(int)DeliveryStatus.Delivered}), ?2 - 1)
        """, row => row.Add(webhook).Add(from), cancellation);

    public ValueTask<Instant?> OldestPending(CancellationToken cancellation) =>
        Time("SELECT MIN(created) FROM deliveries WHERE status=0", row => row, cancellation);

    private ValueTask<Instant?> Time(string sql, Func<Statement, Statement> bind,
        CancellationToken cancellation) => Read<Instant?>("", db =>
    {
        using var row = bind(db[sql]);
        return row.Step() && !row.IsNull(0) ? new Instant(row.Int64(0)) : null;
    }, cancellation);

    public ValueTask ExpireDeliveries(Instant before, CancellationToken cancellation) => InPieces(db =>
        db["DELETE FROM deliveries WHERE number IN (SELECT number FROM deliveries WHERE ended<? ORDER BY ended "
            + "LIMIT ?)"]
            .Add(before).Add(RowsAtOnce).Run(), cancellation);

    /// <summary>As long as it changes as many rows as a piece may have; others write between.</summary>
    private async ValueTask InPieces(Action<Connection> work, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested && Write(db => db.Transaction(Begin, _ =>
        {
            work(db);
            return db.Changes;
        })) == RowsAtOnce) await Task.Yield();
    }

    public ValueTask<IReadOnlyList<WebhookRow>> Webhooks(CancellationToken cancellation) =>
        Read<IReadOnlyList<WebhookRow>>("", db =>
    {
        using var rows = db[$"SELECT id, content, {Holds("webhooks")} FROM webhooks ORDER BY id"];
        var webhooks = new List<WebhookRow>();
        while (rows.Step())
        {
            Demand(rows, 2, "webhooks", () => rows.Text(0));
            webhooks.Add(new WebhookRow(rows.Text(0), rows.Blob(1)));
        }
        return webhooks;
    }, cancellation);

    public async ValueTask<bool> PutWebhook(Document version, byte[]? content, CancellationToken cancellation)
    {
        // Of one that is to go, what there is of deliveries goes first, some at a time.
        if (content is null)
            await InPieces(db => db["DELETE FROM deliveries WHERE number IN (SELECT number FROM deliveries WHERE "
                + "webhook=?1 LIMIT ?2) AND NOT EXISTS(SELECT 1 FROM documents WHERE kind=?3 AND id=?1 AND version=?4)"]
                .Add(version.Id).Add(RowsAtOnce).Add(version.Kind).Add(version.Version).Run(), cancellation);
        return await Configure(db => PutWebhook(db, version, content), cancellation);
    }

    private static bool PutWebhook(Connection db, Document version, byte[]? content)
    {
        if (!Put(db, version)) return false;
        if (content is not null)
        {
            // What it was may hold secrets, and an earlier version of the program did not seal them.
            db["INSERT OR REPLACE INTO webhooks(id, content) VALUES(?,?)"].Add(version.Id).Add(content).Run();
            return true;
        }
        db["DELETE FROM webhooks WHERE id=?"].Add(version.Id).Run();
        db["DELETE FROM deliveries WHERE webhook=?"].Add(version.Id).Run();
        return true;
    }

    private ValueTask Change(Action<Connection> work)
    {
        Write(db => db.Transaction(Begin, _ =>
        {
            work(db);
            return true;
        }));
        return ValueTask.CompletedTask;
    }
}
