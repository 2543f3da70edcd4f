namespace MeteringGateway.Api.Tests.Support;

/// <summary>A test of what one process does for itself, and of no other edition.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FactInOneProcessAttribute : FactAttribute;
