namespace MeteringGateway.Engine.Sqlite;

/// <summary>
/// Held for as long as a process has the data directory open. The operating system's lock on a file beside the
/// database: it ends with the process. Not on the database itself, whose locks SQLite would lose when the file is
/// closed.
/// </summary>
public sealed class DirectoryLock : IDisposable
{
    private readonly FileStream _file;
    private readonly DirectoryInfo? _made;
    private readonly bool _isNew;

    internal DirectoryLock(string directory)
    {
        if (!Directory.Exists(directory)) _made = new DirectoryInfo(directory);
        Owned.MakeDirectory(directory);
        var path = Path.Combine(directory, "metering.lock");
        _isNew = !File.Exists(path);
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

    /// <summary>
    /// Removes what it has made, when nothing was put into the directory after all. While it still holds it: a file
    /// that is nobody's might be the next one's already.
    /// </summary>
    public void LeaveNothing()
    {
        if (!_isNew) return;
        File.Delete(_file.Name);
        if (_made is { } made && !made.EnumerateFileSystemInfos().Any()) made.Delete();
    }
}
