namespace MeteringGateway.Engine;

/// <summary>
/// What a turn saw was not kept: somebody else had written the tenant in between, so the turn is taken again.
/// </summary>
internal sealed class LostFenceException() : Exception("the tenant was written from elsewhere");

/// <summary>The store cannot be used: it could not be opened, read or written.</summary>
public class StoreException(string message) : Exception(message);

/// <summary>
/// There is no room for what was to be written. Nothing of it is there, and what was there is untouched: it can be
/// asked again when there is room.
/// </summary>
public sealed class StoreFullException(string message) : StoreException(message);
