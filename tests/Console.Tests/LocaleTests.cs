using MeteringGateway.ConsolePages.Words;

namespace MeteringGateway.Console.Tests;

/// <summary>Numbers as they are typed: a point is not a thousand.</summary>
public sealed class LocaleTests
{
    [Theory]
    [InlineData("en", "25.00", "25.00")]
    [InlineData("en", "1,250.50", "1250.50")]
    [InlineData("en", "1,250", "1250")]
    [InlineData("en", "1,250,000", "1250000")]
    [InlineData("en", "25,50", "25.50")]
    [InlineData("en", "1.250", "1.250")]
    [InlineData("de", "25,00", "25.00")]
    [InlineData("de", "25.00", "25.00")]
    [InlineData("de", "1.250,50", "1250.50")]
    [InlineData("de", "1.250", "1250")]
    [InlineData("de", "1,250", "1.250")]
    [InlineData("fr", "1 250,5", "1250.5")]
    [InlineData("de-CH", "1’250.50", "1250.50")]
    [InlineData("en", "12", "12")]
    [InlineData("en", "many", "many")]
    public void What_is_typed_is_read_as_where_it_is_typed(string language, string typed, string read) =>
        Assert.Equal(read, Locale.Of(language).Typed(typed));

    [Fact]
    public void Groups_are_those_of_the_place()
    {
        Assert.Equal("12,34,567.5", Locale.Of("en-IN").Number("1234567.5"));
        Assert.Equal("\u22121.234,00", Locale.Of("de").Number("-1234.00"));
        Assert.Equal("999", Locale.Of("de").Number("999"));
    }
}
