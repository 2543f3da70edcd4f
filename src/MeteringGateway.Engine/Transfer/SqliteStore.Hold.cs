using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine;

public sealed partial class SqliteStore
{
    /// <summary>
    /// Keeps others from opening the directory for writing, as an open store does, until it is disposed.
    /// </summary>
    /// <exception cref="StoreException">Another process has it open.</exception>
    public static DirectoryLock Hold(string directory) => new DirectoryLock(directory);
}
