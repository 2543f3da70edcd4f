namespace MeteringGateway.Core.Tests;

/// <summary>Where the checkout is: the folder above the tests that holds the solution.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "MeteringGateway.sln")))
                return folder.FullName;
        throw new InvalidOperationException($"No MeteringGateway.sln above {AppContext.BaseDirectory}.");
    }
}
