namespace MeteringGateway.Engine.Sqlite;

/// <summary>
/// What is in the data directory is nobody else's: webhooks' signing secrets, for one. Whatever the umask, the
/// directory is made for its owner alone, and so are the files; SQLite makes its log with the mode of the database.
/// </summary>
internal static class Owned
{
    private const UnixFileMode File0600 = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    public static void MakeDirectory(string path)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, File0600 | UnixFileMode.UserExecute);
    }

    /// <summary>Made if it is not there; one that is there is taken back from others.</summary>
    public static FileStream Open(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None,
        };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = File0600;
        var file = new FileStream(path, options);
        TakeBack(path);
        return file;
    }

    public static void TakeBack(string path)
    {
        if (!OperatingSystem.IsWindows() && File.Exists(path) && (File.GetUnixFileMode(path) & Others) != 0)
            File.SetUnixFileMode(path, File0600);
    }

    /// <summary>True if other users of the machine may enter the directory, or list it.</summary>
    public static bool IsOpenToOthers(string directory) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(directory) & Others) != 0;
}
