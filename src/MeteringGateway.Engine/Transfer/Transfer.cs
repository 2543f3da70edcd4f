using System.Globalization;

namespace MeteringGateway.Engine;

/// <summary>
/// A store cannot be exported, or a file not imported. The message is one line and says where and why.
/// </summary>
public sealed class TransferException(string message, Exception? inner = null) : Exception(message, inner);

public sealed record TransferOptions
{
    /// <summary>
    /// Somebody may write to the store while it is exported: each tenant is taken as of a moment of its own.
    /// </summary>
    public bool WhileRunning { get; init; }

    /// <summary>Says which idempotency keys have expired, and when the file was made.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// What becomes of a webhook's content on its way: its secrets are sealed with keys that are not in the store.
    /// </summary>
    public Func<byte[], byte[]> Webhook { get; init; } = content => content;

    /// <summary>Called now and then, on the thread that works.</summary>
    public Action<TransferProgress>? Progress { get; init; }
}

/// <param name="Done"><c>exported</c>, <c>checked</c> or <c>imported</c>.</param>
public sealed record TransferProgress(string Done, TransferSummary SoFar);

/// <summary>What a file holds; the numbers that its end states.</summary>
/// <param name="Plans">Plans, not their versions.</param>
public sealed record TransferSummary(long Tenants, long Entries, long Plans, long Keys, long Documents,
    long Idempotency, long Outbox, long Webhooks, long Deliveries)
{
    public static readonly TransferSummary Nothing = new(0, 0, 0, 0, 0, 0, 0, 0, 0);

    public override string ToString() =>
        $"{Count(Tenants, "tenant", "tenants")}, {Count(Entries, "entry", "entries")}, "
            + $"{Count(Plans, "plan", "plans")}, {Count(Keys, "key", "keys")}";

    private static string Count(long number, string one, string many) =>
        string.Create(CultureInfo.InvariantCulture, $"{number} {(number == 1 ? one : many)}");
}
