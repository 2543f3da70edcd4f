namespace MeteringGateway.Program.Tests.Planted;

/// <summary>A mistake that somebody could make, and who has to find it.</summary>
/// <param name="Name">In words: what the program would do.</param>
/// <param name="File">Under <c>src/</c>.</param>
/// <param name="Is">Text of the file, there exactly once.</param>
/// <param name="Becomes">What stands in its place when it is planted.</param>
/// <param name="Tests">Project under <c>tests/</c>.</param>
/// <param name="Caught">Class of the test that fails then, and the method where it is no theory over files.</param>
internal sealed record Fault(string Name, string File, string Is, string Becomes, string Tests, string Caught)
{
    /// <summary>Each is listed in <c>docs/testing.md</c>.</summary>
    public static IReadOnlyList<Fault> All { get; } =
    [
        .. OfRules, .. OfStore, .. OfCallers,
    ];

    private const string Core = "MeteringGateway.Core/", Engine = "MeteringGateway.Engine/",
        Api = "MeteringGateway.Api/";

    private static Fault[] OfRules =>
    [
        new("an event that comes twice is taken twice", Core + "Turns/Turn.Events.cs",
            "else if (_state.Seen(e.Id) is { } seen) return",
            "else if (_state.Seen(e.Id) is { } seen && seen.Fingerprint != e.Fingerprint) return",
            "Core.Tests", "ScenarioTests"),
        new("a cap in units admits one more", Core + "Turns/Turn.Admission.cs",
            "if (room < growth) return false;", "if (room < growth - 1) return false;", "Core.Tests", "ScenarioTests"),
        new("a cap on money forgets what activities cost", Core + "Turns/Turn.Rating.cs",
            "charged + cap.On(day).Counted > cap.Cap.Limit.Value", "charged > cap.Cap.Limit.Value",
            "Core.Tests", "ScenarioTests"),
        new("a window settles a moment late", Core + "Outcomes/Segment.cs",
            "Closes <= now || type", "Closes < now || type", "Core.Tests", "ScenarioTests"),
        new("a reversal at the very end of the window still counts", Core + "Outcomes/Lifecycle.cs",
            "time < (_segment.Confirmed ?? _segment.Closes)", "time <= (_segment.Confirmed ?? _segment.Closes)",
            "Core.Tests", "ScenarioTests"),
        new("what is reversed after the window is credited though the type does not say so",
            Core + "Outcomes/Lifecycle.cs",
            "&& holder.Type.CreditAfterWindow", "", "Core.Tests", "ScenarioTests"),
        new("an event that is just late enough is refused", Core + "Turns/Turn.Events.cs",
            "time < clock - late", "time <= clock - late", "Core.Tests", "ScenarioTests"),
        new("a reservation gives more than it holds", Core + "Turns/Turn.Admission.cs",
            "? (int)Math.Min(held.Remaining, place.Quantity)", "? place.Quantity", "Core.Tests", "HistoryTests"),
        new("an outcome that was never verified is charged", Core + "Outcomes/Segment.cs",
            "type.VerificationRequired && !Passes(Verification, type)",
            "type.VerificationRequired && Verification is null",
            "Core.Tests", "ScenarioTests"),
        new("a purchase is owed again in the next period", Core + "Figures/Purchases.cs",
            "&& book.Period.Contains(grant.CreatedAt)", "&& book.Period.End > grant.CreatedAt",
            "Core.Tests", "ScenarioTests"),
        new("recovery counts one of many reports that are alike", Core + "State/TenantState.Folding.cs",
            "book.Count(like, times);", "book.Count(like, 1);", "Core.Tests", "FoldingTests"),
        new("recovery forgets a session that a report begins", Core + "State/TenantState.Folding.cs",
            "if (_hasSession) state._sessions!.Add(known, place);", "", "Core.Tests", "FoldingTests"),
    ];

    private static Fault[] OfStore =>
    [
        new("an answer leaves before it is on disk", Engine + "Hosting/TenantHost.cs", """
            was handed over");
                    return Volatile.Read(ref _pending)?.Durable ?? Task.CompletedTask;
            """, """
            was handed over");
                    return Task.CompletedTask;
            """, "Engine.Tests", "DurabilityTests.No_answer_view_signal_or_figure_leaves_before_its_flush"),
        new("a writer that was overtaken is let through, in SQLite", Engine + "Sqlite/SqliteStore.Append.cs",
            "WHERE id=?5 AND hash=?6 AND sequence=?7",
            "WHERE id=?5 AND hash=IFNULL(hash, ?6) AND sequence=IFNULL(sequence, ?7)",
            "Engine.Tests", "SqliteStoreBehaviourTests.A_tenant_that_lost_the_fence_is_refused_alone_and_wholly"),
        new("a writer that was overtaken is let through where small blocks wait",
            Engine + "Sqlite/SqliteStore.Fresh.cs", "|| !head.Hash.AsSpan().SequenceEqual(batch.PreviousHash)",
            "|| head.Hash.Length != batch.PreviousHash.Length", "Engine.Tests",
            "FreshTests.A_writer_that_was_overtaken_is_refused_where_blocks_wait_alone_and_wholly"),
        new("a writer that was overtaken is told that it wrote, in Redis", "MeteringGateway.Cluster/Redis/Scripts.cs",
            "return written(journal, id, entries, hash, now[2]) and 1 or lost(now[1], before)", "return 1",
            "Cluster.Tests", "RedisStoreTests.Another_batch_in_the_place_of_one_that_is_there_has_lost_the_fence"),
        new("a hash does not cover the one before", Engine + "Journal/Chain.cs",
            "Sha256.Hash(previous, entry, hash)", "Sha256.Hash(entry, hash)",
            "Engine.Tests", "JournalTests.Each_hash_covers_the_one_before_and_the_entry"),
        new("a snapshot's seal is not looked at", Engine + "Journal/SnapshotSeal.cs",
            "if (!digest.SequenceEqual(DigestIn(part)))", "if (digest.Length != DigestIn(part).Length)",
            "Engine.Tests", "DamageTests.No_flipped_bit_of_a_snapshot_is_ever_read_as_state"),
        new("the answer to an idempotency key is forgotten", Engine + "Hosting/TenantHost.cs",
            "if (row is not null) taken.Idempotency.Add(row);", "",
            "Engine.Tests", "EmbeddedTenantsBehaviour.The_same_idempotency_key_is_executed_once"),
        new("an alert is not written with its entry", Engine + "Hosting/Taken.cs",
            "if (Alerts.TypeOf(entry) is { } type)", "if (Count < 1 && Alerts.TypeOf(entry) is { } type)",
            "Engine.Tests", "OutboxTests.An_alert_is_written_with_its_entry_and_with_nothing_else"),
        new("an entry says that a person's detail was erased, and it stays", Engine + "Sqlite/SqliteStore.Append.cs",
            "foreach (var sequence in batch.Erased)", "foreach (var sequence in batch.Erased.Skip(1))",
            "Engine.Tests", "SqliteStoreBehaviourTests.Detail_goes_with_the_entry_that_says_so_or_stays_D2"),
        new("an offset is committed that is one ahead of what is stored", "MeteringGateway.Kafka/Flow.cs",
            "done(new TopicPartitionOffset(Partition, batch[^1].Offset + 1));",
            "done(new TopicPartitionOffset(Partition, batch[^1].Offset + 2));",
            "Kafka.Tests", "IntakeTests"),
    ];

    private static Fault[] OfCallers =>
    [
        new("a key sees other tenants", Api + "Auth/Principal.cs",
            "Tenants is null || Tenants.Contains(tenant)", "Tenants is null || Tenants.Count > 0",
            "Api.Tests", "AccessTests.Another_tenants_things_are_answered_as_if_they_were_not_there"),
        new("a role does what it may not", Api + "Auth/Principal.cs",
            "(Permissions & anyOf) != 0", "(Permissions | anyOf) != 0",
            "Api.Tests", "AccessTests.A_role_without_the_permission_is_told_which_one_it_lacks"),
        new("a key lives on after it has expired", Api + "Auth/Principal.cs",
            "ExpiresAt is { } end && now >= end", "ExpiresAt is { } end && now > end && now < end",
            "Api.Tests", "AccessTests.Nobody_is_let_in_without_a_key_or_with_an_altered_expired_or_revoked_one"),
        new("a certificate of another algorithm is taken", Api + "Certificates/Jws.cs",
            "if (algorithm != \"ES256\")", "if (algorithm is null)",
            "Api.Tests", "CertificateTests.Nothing_but_ES256_by_a_published_key_is_taken"),
        new("a webhook's signature does not cover its time", Api + "Webhooks/Signature.cs",
            "$\"{id}.{Text.Of(timestamp)}.\"", "$\"{id}..\"", "Api.Tests", "WebhooksTests"),
        new("a cell that a spreadsheet would run is left as it is", Api + "Csv/CsvText.cs",
            "if (Runs(text)) line.Append('\\'');", "",
            "Api.Tests", "StatementTests.As_CSV_its_lines_add_up_to_the_total_and_no_cell_runs"),
        new("a form of another site is taken", "MeteringGateway.Console/Asked/Visit.cs",
            "internal bool Proves() => Session is { } session && CryptographicOperations.FixedTimeEquals(",
            "internal bool Proves() => Session is { } session && session.Token.Length > 0"
                + " != CryptographicOperations.FixedTimeEquals(",
            "Console.Tests", "SignInTests.A_form_of_another_session_or_site_does_nothing"),
        new("a runtime decides from units that it may hold no longer", "MeteringGateway.Sdk/Allowance.Holding.cs",
            "var until = After(began, _options.SliceTime / 2);", "var until = After(began, _options.SliceTime * 2);",
            "Sdk.Tests",
            "AllowanceTests.A_slice_is_not_used_beyond_half_of_its_time_and_is_held_while_a_permit_is_out"),
        new("a runtime goes on though a signal stops it", "MeteringGateway.Sdk/Gate.cs",
            "if (signal.Refuses(question) && ", "if (signal.Refuses(question) && known.Stopping.Length > 1 && ",
            "Sdk.Tests", "GateTests"),
    ];
}
