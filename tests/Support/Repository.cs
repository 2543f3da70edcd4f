namespace MeteringGateway.Tests;

/// <summary>
/// The project's own files, as they are checked out: the folder above the tests that holds the solution.
/// </summary>
public static class Repository
{
    public static string Root { get; } = Find();

    public static string File(params string[] path) => Path.Combine([Root, .. path]);

    /// <summary>The text of one of them.</summary>
    public static string Read(params string[] path) => System.IO.File.ReadAllText(File(path));

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "MeteringGateway.sln")))
                return folder.FullName;
        throw new InvalidOperationException($"No MeteringGateway.sln above {AppContext.BaseDirectory}.");
    }
}
