namespace MeteringGateway.Engine;

/// <summary>
/// What a turn saw was not kept: somebody else had written the tenant in between, so the turn is taken again.
/// </summary>
internal sealed class LostFenceException() : Exception("the tenant was written from elsewhere");

/// <summary>The store cannot be used: it could not be opened, read or written.</summary>
/// <param name="code">SQLite's extended result code; 0 if the error is not SQLite's.</param>
public sealed class StoreException(string message, int code = 0) : Exception(message)
{
    public int Code { get; } = code;
}
