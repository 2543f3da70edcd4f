using MeteringGateway.Api.Operations;
using MeteringGateway.Engine;
using Microsoft.Extensions.Configuration;

namespace MeteringGateway.Api.Tests;

/// <summary>A setting that nobody knows is a limit that nobody set.</summary>
public sealed class SettingNamesTests
{
    private static readonly IReadOnlyDictionary<string, object?> Names =
        SettingNames.Of(("", typeof(MeteringSettings)), ("", typeof(EngineOptions)));

    [Theory]
    [InlineData("Metering:Limits:BodyBites", "Metering:Limits:BodyBytes")]
    [InlineData("Metering:ADMINKEYY", "Metering:AdminKey")]
    [InlineData("Metering:Limit:BodyBytes", "Metering:Limits:BodyBytes")]
    [InlineData("Metering:datadir", "Metering:DataDirectory")]
    [InlineData("Metering:Webhooks:AllowPrivat", "Metering:Webhooks:AllowPrivate")]
    public void One_that_is_mistyped_is_named_with_the_one_that_was_meant(string given, string meant)
    {
        var refused = Assert.Throws<FormatException>(() => SettingNames.Demand(With(given), Names));

        Assert.Equal($"there is no setting {given}; did you mean {meant}?", refused.Message);
    }

    [Fact]
    public void One_that_is_like_no_other_is_named_alone()
    {
        var refused = Assert.Throws<FormatException>(() => SettingNames.Demand(With("Metering:Xyzzy:Plugh"), Names));

        Assert.Equal("there is no setting Metering:Xyzzy:Plugh", refused.Message);
    }

    [Theory]
    [InlineData("metering:limits:BODYBYTES")]
    [InlineData("Metering:AdminKey")]
    [InlineData("Metering:IdleAfter")]
    [InlineData("Meterings:Elsewhere")]
    [InlineData("Logging:LogLevel:Default")]
    public void Those_that_there_are_and_other_sections_are_let_be(string given) =>
        SettingNames.Demand(With(given), Names);

    private static IConfiguration With(string name) =>
        new ConfigurationBuilder().AddInMemoryCollection([new(name, "1")]).Build();
}
