using MeteringGateway.Api.Operations;

namespace MeteringGateway.Kafka.Tests;

/// <summary><c>docs/kafka.md</c> says what the code does.</summary>
public sealed class PageTests
{
    private static readonly string Page = Repository.Read("docs/kafka.md");

    [Fact]
    public void Each_topic_is_in_the_table_with_its_setting()
    {
        var settings = new KafkaSettings();
        foreach (var (name, topic) in settings.Topics())
            Assert.Contains($"| `{topic}` | `Metering:Kafka:{name}` |", Page, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_header_of_a_refused_event_is_told()
    {
        foreach (var header in Rejections.All)
            Assert.Contains($"`{header}`", Page, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_member_of_an_outcome_is_in_its_table_and_no_other()
    {
        var table = Page[Page.IndexOf("| member | |", StringComparison.Ordinal)..];
        table = table[..table.IndexOf("\n\n", StringComparison.Ordinal)];
        var told = table.Split('\n').Skip(2).SelectMany(row => row.Split('|')[1].Split(','))
            .Select(name => name.Trim(' ', '`'));

        Assert.Equal(OutcomeJson.Typed.Properties.Select(member => member.Name).Order(), told.Order());
    }
}
