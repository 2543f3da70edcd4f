namespace MeteringGateway.Engine;

/// <summary>The store cannot be used: it could not be opened, read or written.</summary>
/// <param name="code">SQLite's extended result code; 0 if the error is not SQLite's.</param>
public sealed class StoreException(string message, int code = 0) : Exception(message)
{
    public int Code { get; } = code;
}
