namespace MeteringGateway.Api.Tests.Support;

/// <summary>A test that needs programs of the machine; where one is absent the test is skipped by name.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FactIfInstalledAttribute : FactAttribute
{
    public FactIfInstalledAttribute(params string[] programs)
    {
        if (programs.FirstOrDefault(program => Find(program) is null) is { } missing)
            Skip = $"{missing} is not installed (./test says which packages bring what tests need)";
    }

    /// <summary>Where the program is; null if it is not on the path.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
