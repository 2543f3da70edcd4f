namespace MeteringGateway.Program.Tests.Agents;

/// <summary>Needs programs of others, which <c>./test</c> installs.</summary>
internal sealed class TheoryIfInstalledAttribute : TheoryAttribute
{
    public TheoryIfInstalledAttribute(params string[] programs)
    {
        var missing = programs.Where(program => !File.Exists("/usr/bin/" + program)).ToArray();
        if (missing.Length > 0) Skip = $"not installed: {string.Join(", ", missing)}";
    }
}
