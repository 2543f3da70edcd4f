using System.Runtime.CompilerServices;

namespace MeteringGateway.Program.Tests;

/// <summary>The project's own files, as they are checked out.</summary>
internal static class Repository
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../.."));

    public static string File(string path) => Path.Combine(Root, path);

    private static string Here([CallerFilePath] string path = "") => path;
}
