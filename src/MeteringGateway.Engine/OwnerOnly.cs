namespace MeteringGateway.Engine;

/// <summary>
/// Directories and files that are nobody else's, whatever the umask. Windows gives them what it gives.
/// </summary>
public static class OwnerOnly
{
    /// <summary>Mode 0600.</summary>
    public const UnixFileMode File = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Made if it is not there, with mode 0700; one that is there stays as it is.</summary>
    public static DirectoryInfo MakeDirectory(string path) => OperatingSystem.IsWindows()
        ? Directory.CreateDirectory(path) : Directory.CreateDirectory(path, File | UnixFileMode.UserExecute);

    /// <summary>To open a file with; one that is made has mode 0600.</summary>
    public static FileStreamOptions Options(FileMode mode, FileAccess access)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = File;
        return options;
    }
}
