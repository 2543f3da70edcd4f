namespace MeteringGateway.Core;

/// <summary>
/// What is due for a tenant cannot be done: it would be done again and again, or would make two periods of one id
/// (T1, T2). A fault of ours, or of the journal. The tenant is stopped, alone, and nothing of the turn is kept.
/// </summary>
public sealed class TenantStoppedException(string why) : Exception(why);
