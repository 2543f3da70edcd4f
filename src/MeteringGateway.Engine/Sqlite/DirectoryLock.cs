namespace MeteringGateway.Engine.Sqlite;

/// <summary>
/// Held for as long as a process has the data directory open. The operating system's lock on a file beside the
/// database: it ends with the process. Not on the database itself, whose locks SQLite would lose when the file is
/// closed.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    private readonly FileStream _file;

    public DirectoryLock(string directory)
    {
        Owned.MakeDirectory(directory);
        var path = Path.Combine(directory, "metering.lock");
        try
        {
            _file = Owned.Open(path);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException
            or PathTooLongException))
        {
            throw new StoreException(
                $"The data directory '{Path.GetFullPath(directory)}' is in use by another process ('{path}' is "
                    + "locked).");
        }
    }

    public void Dispose() => _file.Dispose();
}
