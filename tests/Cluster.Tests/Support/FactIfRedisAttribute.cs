// Suites that are written for every store say [Fact]; here each of their tests needs a Redis.
global using FactAttribute = MeteringGateway.Cluster.Tests.Support.FactIfRedisAttribute;
global using TheoryAttribute = MeteringGateway.Cluster.Tests.Support.TheoryIfRedisAttribute;

namespace MeteringGateway.Cluster.Tests.Support;

/// <summary>A test that needs redis-server; where it is not installed the test is skipped by name.</summary>
[AttributeUsage(AttributeTargets.Method)]
public class FactIfRedisAttribute : Xunit.FactAttribute
{
    public FactIfRedisAttribute()
    {
        Skip = Missing;
    }

    /// <summary>Why it is skipped; null if it is not.</summary>
    internal static string? Missing { get; } = RedisServer.Program is null
        ? "redis-server is not installed (apt-get install redis-server)" : null;
}

/// <summary>The same for a test with cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TheoryIfRedisAttribute : Xunit.TheoryAttribute
{
    public TheoryIfRedisAttribute()
    {
        Skip = FactIfRedisAttribute.Missing;
    }
}
