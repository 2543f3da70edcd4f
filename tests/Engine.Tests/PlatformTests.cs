using SQLitePCL;

namespace MeteringGateway.Engine.Tests;

/// <summary>What the engine takes for granted of the machine and of its packages.</summary>
public sealed class PlatformTests
{
    [Fact]
    public void SQLite_comes_with_the_build_and_not_from_the_machine()
    {
        Batteries_V2.Init();
        var version = raw.sqlite3_libversion().utf8_to_string();

        Assert.True(new Version(version) >= new Version(3, 50, 4), version);
    }

    [Fact]
    public void Time_zones_are_known_without_ICU()
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById("America/New_York");

        Assert.Equal(TimeSpan.FromHours(-5), zone.GetUtcOffset(new DateTime(2026, 3, 8, 6, 59, 59, DateTimeKind.Utc)));
        Assert.Equal(TimeSpan.FromHours(-4), zone.GetUtcOffset(new DateTime(2026, 3, 8, 7, 0, 0, DateTimeKind.Utc)));
    }
}
