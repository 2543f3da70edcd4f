namespace MeteringGateway.Tests;

/// <summary>Programs of the machine that tests need; <c>./test</c> installs those that Debian has.</summary>
public static class Installed
{
    /// <summary>Where the program is; null if it is not on the path.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Why a test is skipped, by name; null: all of them are there.</summary>
    public static string? WhyNot(string[] programs) =>
        programs.Where(program => Find(program) is null).ToArray() is { Length: > 0 } missing
            ? $"not installed: {string.Join(", ", missing)} (./test installs what Debian has of it)" : null;
}

/// <summary>A test that needs programs of the machine.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FactIfInstalledAttribute : FactAttribute
{
    public FactIfInstalledAttribute(params string[] programs) => Skip = Installed.WhyNot(programs);
}

/// <summary>The same with cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TheoryIfInstalledAttribute : TheoryAttribute
{
    public TheoryIfInstalledAttribute(params string[] programs) => Skip = Installed.WhyNot(programs);
}
