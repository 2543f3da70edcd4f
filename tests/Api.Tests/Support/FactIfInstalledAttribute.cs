namespace MeteringGateway.Api.Tests.Support;

/// <summary>A test that needs a program of the machine; where it is absent the test is skipped by name.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FactIfInstalledAttribute : FactAttribute
{
    public FactIfInstalledAttribute(string program)
    {
        if (Find(program) is null)
            Skip = $"{program} is not installed (apt-get install prometheus brings prometheus and promtool)";
    }

    /// <summary>Where the program is; null if it is not on the path.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
