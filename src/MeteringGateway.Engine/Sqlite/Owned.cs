namespace MeteringGateway.Engine.Sqlite;

/// <summary>
/// What is in the data directory is nobody else's. Whatever the umask, the
/// directory is made for its owner alone, and so are the files; SQLite makes its log with the mode of the database.
/// </summary>
internal static class Owned
{
    private const int ReadOnlyFileSystem = 30; // EROFS
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <exception cref="StoreException">It cannot be made.</exception>
    public static void MakeDirectory(string path)
    {
        if (File.Exists(path))
            throw new StoreException($"The data directory '{Path.GetFullPath(path)}' is a file, not a directory.");
        try
        {
            OwnerOnly.MakeDirectory(path);
        }
        catch (Exception e) when (IsForbidden(e))
        {
            throw new StoreException($"The data directory '{Path.GetFullPath(path)}' cannot be made: "
                + "this user may not write where it would be.");
        }
        catch (IOException e)
        {
            throw new StoreException(
                $"The data directory '{Path.GetFullPath(path)}' cannot be made: {WhyNot(path, e)}");
        }
    }

    /// <summary>Made if it is not there; one that is there is taken back from others.</summary>
    /// <exception cref="StoreException">This user may not write it.</exception>
    public static FileStream Open(string path)
    {
        try
        {
            return OpenOrMake(path);
        }
        catch (Exception e) when (IsForbidden(e))
        {
            throw new StoreException($"The data directory '{Path.GetDirectoryName(Path.GetFullPath(path))}' cannot be "
                + $"used: {Path.GetFileName(path)} in it is read-only, or somebody else's, for this user.");
        }
    }

    /// <exception cref="StoreException">It is somebody else's.</exception>
    public static void TakeBack(string path)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(path) || (File.GetUnixFileMode(path) & Others) == 0) return;
        try
        {
            File.SetUnixFileMode(path, OwnerOnly.File);
        }
        catch (UnauthorizedAccessException)
        {
            throw new StoreException(
                $"'{Path.GetFullPath(path)}' is open to other users of the machine, and somebody else's: chown it.");
        }
    }

    /// <summary>True if other users of the machine may enter the directory, or list it.</summary>
    public static bool IsOpenToOthers(string directory) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(directory) & Others) != 0;

    /// <summary>What the system says of one that cannot be made is that it is not there, or that it is.</summary>
    private static string WhyNot(string path, IOException failure)
    {
        var above = Path.GetDirectoryName(Path.GetFullPath(path));
        while (above is not null && !Path.Exists(above)) above = Path.GetDirectoryName(above);
        if (File.Exists(above)) return $"'{above}' is a file, not a directory.";
        return failure is FileNotFoundException or DirectoryNotFoundException
            ? $"the file system at '{above}' takes no directories." : failure.Message;
    }

    private static bool IsForbidden(Exception e) =>
        e is UnauthorizedAccessException || (e is IOException && e.HResult == ReadOnlyFileSystem);

    private static FileStream OpenOrMake(string path)
    {
        var file = new FileStream(path, OwnerOnly.Options(FileMode.OpenOrCreate, FileAccess.ReadWrite));
        TakeBack(path);
        return file;
    }
}
