using System.Reflection;
using System.Text;
using MeteringGateway.Api.Operations;
using MeteringGateway.Engine;
using Microsoft.Extensions.Configuration;

namespace MeteringGateway.Api.Tests;

/// <summary>
/// A setting that nobody knows is a limit that nobody set; one that cannot be is said with its name.
/// </summary>
public sealed class SettingsTests
{
    [Theory]
    [InlineData("Metering:Limits:BodyBites", "Metering:Limits:BodyBytes")]
    [InlineData("Metering:ADMINKEYY", "Metering:AdminKey")]
    [InlineData("Metering:Limit:BodyBytes", "Metering:Limits:BodyBytes")]
    [InlineData("Metering:datadir", "Metering:DataDirectory")]
    [InlineData("Metering:Webhooks:AllowPrivat", "Metering:Webhooks:AllowPrivate")]
    [InlineData("Metering:Cluster:Patients", "Metering:Cluster:Patience")]
    public void One_that_is_mistyped_is_named_with_the_one_that_was_meant(string given, string meant) =>
        Assert.Equal($"There is no setting {given}: did you mean {meant}?", Refused((given, "1")));

    [Fact]
    public void One_that_is_like_no_other_is_named_alone() =>
        Assert.Equal("There is no setting Metering:Xyzzy:Plugh.", Refused(("Metering:Xyzzy:Plugh", "1")));

    [Theory]
    [InlineData("metering:limits:BODYBYTES", "1")]
    [InlineData("Metering:AdminKey", "the-administrator-of-the-tests")]
    [InlineData("Metering:IdleAfter", "00:01:00")]
    [InlineData("Metering:Cluster:Patience", "00:00:01")]
    [InlineData("Metering:Limits:Connections", "")]
    [InlineData("Metering:Tracing:Endpoint", "https://collector.example:4317")]
    [InlineData("Metering:Tracing:Endpoint", "")]
    [InlineData("Metering:Tracing:Protocol", "grpc")]
    [InlineData("Metering:Tracing:Protocol", "http/protobuf")]
    [InlineData("Metering:Tracing:Ratio", "0")]
    [InlineData("Metering:Tracing:Ratio", "1")]
    [InlineData("Metering:Tracing:Ratio", "")]
    [InlineData("Meterings:Elsewhere", "1")]
    [InlineData("Logging:LogLevel:Default", "1")]
    public void Those_that_there_are_and_other_sections_are_let_be(string given, string value) => Read((given, value));

    [Theory]
    [InlineData("AdminKey", "short", "must have 16 to 512 characters")]
    [InlineData("AdminKey", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "is too easy to guess")]
    [InlineData("DataDirectory", "", "must not be empty")]
    [InlineData("IdleAfter", "00:00:00", "must be longer than 00:00:00 and no longer than 30.00:00:00, not 00:00:00")]
    [InlineData("DuePoll", "60.00:00:00", "no longer than 30.00:00:00")]
    [InlineData("FirstContact", "maybe", "cannot be 'maybe': it is true or false.")]
    [InlineData("Limits:BodyBytes", "many", "cannot be 'many': it is a whole number.")]
    [InlineData("Limits:SignalWriteTimeout", "10 s", "cannot be '10 s': it is a time, such as 00:00:10")]
    [InlineData("Webhooks:AllowPrivate", "perhaps", "cannot be 'perhaps': it is true or false")]
    [InlineData("Email:From", "alerts@metering.example", "Email:Host must be there too")]
    [InlineData("Email:Password", "whatever", "Email:Host must be there too")]
    [InlineData("Tracing:Endpoint", "collector:4317", "must be an address, such as http://127.0.0.1:4317")]
    [InlineData("Tracing:Endpoint", "collector", "must be an address")]
    [InlineData("Tracing:Endpoint", "ftp://127.0.0.1:4317", "must be an address")]
    [InlineData("Tracing:Endpoint", "/v1/traces", "must be an address")]
    [InlineData("Tracing:Protocol", "http/json", "must be grpc or http/protobuf")]
    [InlineData("Tracing:Protocol", "", "must be grpc or http/protobuf")]
    [InlineData("Tracing:Ratio", "1.5", "must be from 0 to 1")]
    [InlineData("Tracing:Ratio", "-0.1", "must be from 0 to 1")]
    [InlineData("Tracing:Ratio", "NaN", "must be from 0 to 1")]
    [InlineData("Tracing:Ratio", "often", "cannot be 'often'")]
    [InlineData("Webhooks:Timeout", "00:06:00", "no longer than 00:05:00")]
    [InlineData("Webhooks:Concurrency", "101", "must be from 1 to 100, not 101")]
    [InlineData("Webhooks:GiveUpAfter", "6.00:00:00", "must be longer than 6.00:00:00")]
    public void One_that_cannot_be_is_said_with_its_name(string name, string value, string says)
    {
        var said = Refused(($"Metering:{name}", value));

        Assert.StartsWith("The setting Metering:", said, StringComparison.Ordinal);
        Assert.Contains(says, said, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', said);
    }

    [Fact]
    public void No_number_and_no_time_may_be_less_than_nothing()
    {
        var below = MeteringSettings.Names.Where(one => one.Value is int or long or TimeSpan).ToList();
        Assert.True(below.Count > 30);
        foreach (var (name, value) in below)
            Assert.StartsWith($"The setting {name} must ", Refused((name, value is TimeSpan ? "-00:00:01" : "-1")),
                StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_is_wrong_is_said_at_once_a_line_for_each()
    {
        Assert.Equal("""
            There is no setting Metering:IdleAfterwards: did you mean Metering:IdleAfter?
            The setting Metering:Limits:BodyBytes cannot be 'x': it is a whole number.
            """, Refused(("Metering:IdleAfterwards", "1"), ("Metering:Limits:BodyBytes", "x")));
        Assert.Equal("""
            The setting Metering:QueueEntries must be 1 or more, not 0.
            The setting Metering:Cluster:SiloPort must be a port from 1 to 65535, not 0.
            """, Refused(("Metering:Cluster:SiloPort", "0"), ("Metering:QueueEntries", "0")));
    }

    [Fact]
    public void Whatever_the_engine_goes_by_is_a_setting()
    {
        var other = new MeteringSettings();
        foreach (var property in typeof(EngineOptions).GetProperties().Where(one => one.SetMethod is not null))
        {
            var setting = typeof(MeteringSettings).GetProperty(property.Name)!;
            Change(setting, other);
            Assert.Equal(setting.GetValue(other), property.GetValue(other.ForEngine()));
            Assert.NotEqual(property.GetValue(new EngineOptions()), property.GetValue(other.ForEngine()));
        }
    }

    [Fact]
    public void A_file_may_leave_a_group_or_a_setting_empty()
    {
        using var file = new MemoryStream(Encoding.UTF8.GetBytes("""
            {"Metering":{"Limits":null,"Webhooks":{},"DataDirectory":null,"Cluster":{"ServiceId":null,"SiloTls":null}}}
            """));
        var read = MeteringSettings.Read(new ConfigurationBuilder().AddJsonStream(file).Build());

        Assert.Equal(new MeteringLimits().BodyBytes, read.Limits.BodyBytes);
        Assert.Equal(("./data", "metering", false),
            (read.DataDirectory, read.Cluster.ServiceId, read.Cluster.SiloTls.IsGiven));
    }

    private static void Change(PropertyInfo setting, object of) => setting.SetValue(of, setting.GetValue(of) switch
    {
        int number => number + 1,
        long number => number + 1,
        TimeSpan time => time + TimeSpan.FromSeconds(1),
        string text => text + "x",
        MeteringLimits => new MeteringLimits(),
        var other => throw new InvalidOperationException($"what is another {other}?"),
    });

    private static string Refused(params (string Name, string Value)[] settings) =>
        Assert.Throws<SettingsException>(() => Read(settings)).Message;

    private static MeteringSettings Read(params (string Name, string Value)[] settings) =>
        MeteringSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(
            settings.Select(one => KeyValuePair.Create<string, string?>(one.Name, one.Value))).Build());
}
