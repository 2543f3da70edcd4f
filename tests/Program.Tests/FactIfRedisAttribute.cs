using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary>A test that needs redis-server; where it is not installed the test is skipped by name.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FactIfRedisAttribute : FactAttribute
{
    public FactIfRedisAttribute()
    {
        if (RedisServer.Installed is null) Skip = "redis-server is not installed (apt-get install redis-server)";
    }
}
