namespace MeteringGateway.Engine;

/// <summary>
/// What a turn saw was not kept: somebody else had written the tenant in between, so the turn is taken again.
/// </summary>
internal sealed class LostFenceException() : Exception("the tenant was written from elsewhere");

/// <summary>The store cannot be used: it could not be opened, read or written.</summary>
/// <param name="code">SQLite's extended result code; 0 if the error is not SQLite's.</param>
public class StoreException(string message, int code = 0) : Exception(message)
{
    public int Code { get; } = code;
}

/// <summary>
/// There is no room for what was to be written. Nothing of it is there, and what was there is untouched: it can be
/// asked again when there is room.
/// </summary>
public sealed class StoreFullException(string message, int code = 0) : StoreException(message, code);
