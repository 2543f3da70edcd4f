namespace MeteringGateway.Program.Tests;

/// <summary>Needs <c>script</c>, which makes a terminal for a command.</summary>
internal sealed class FactIfScriptAttribute : FactAttribute
{
    public FactIfScriptAttribute()
    {
        if (!File.Exists("/usr/bin/script")) Skip = "there is no script(1) here";
    }
}
