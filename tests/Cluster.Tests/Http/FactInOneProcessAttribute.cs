namespace MeteringGateway.Api.Tests.Support;

/// <summary>A test of what one process does for itself: each silo does it too, but not all of them together.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FactInOneProcessAttribute : Xunit.FactAttribute
{
    public FactInOneProcessAttribute() => Skip = "for one process only";
}
