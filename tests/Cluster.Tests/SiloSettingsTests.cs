using MeteringGateway.Api.Operations;
using Microsoft.Extensions.Configuration;

namespace MeteringGateway.Cluster.Tests;

/// <summary>What is wrong with the settings of a silo is said with the name of the one that it is about.</summary>
public sealed class SiloSettingsTests
{
    [Xunit.Theory]
    [InlineData("Redis", "redis://10.0.0.1:6379", "without 'redis://'")]
    [InlineData("Redis", "rediss://10.0.0.1:6379", "without 'rediss://'")]
    [InlineData("Redis", "10.0.0.1:6379,colour=red", "cannot be read")]
    [InlineData("Redis", "10.0.0.1:66000", "port")]
    [InlineData("Redis", " ", "must name the Redis")]
    [InlineData("SiloPort", "0", "a port from 1 to 65535, not 0")]
    [InlineData("SiloPort", "-1", "a port from 1 to 65535, not -1")]
    [InlineData("SiloPort", "65536", "a port from 1 to 65535, not 65536")]
    [InlineData("SiloPort", "eleven", "cannot be 'eleven': it is a whole number")]
    [InlineData("AdvertisedAddress", "localhost", "not 'localhost'")]
    [InlineData("AdvertisedAddress", "silo-1.internal", "not 'silo-1.internal'")]
    [InlineData("AdvertisedAddress", "0.0.0.0", "not '0.0.0.0'")]
    [InlineData("AdvertisedAddress", "::", "not '::'")]
    [InlineData("AdvertisedAddress", "10", "not '10'")]
    [InlineData("AdvertisedAddress", "10.0.0.1:11111", "not '10.0.0.1:11111'")]
    [InlineData("ClusterId", "", "must not be empty")]
    [InlineData("ServiceId", "", "must not be empty")]
    [InlineData("MissedProbes", "0", "from 1 to 100, not 0")]
    [InlineData("MissedProbes", "101", "from 1 to 100, not 101")]
    [InlineData("ProbeTimeout", "00:00:00.05", "from 00:00:00.1000000 to 00:01:00")]
    [InlineData("Lease", "00:00:04", "no longer than ProbeTimeout times MissedProbes, 00:00:01 times 3")]
    [InlineData("Lease", "1", "cannot be '1', which would be days: write 00:00:01 for seconds")]
    [InlineData("ClusterId", "a:b", "no colon and no slash")]
    [InlineData("ServiceId", "a/b", "no colon and no slash")]
    [InlineData("DrainDelay", "00:00:21", "from 00:00:00 to 00:00:20")]
    [InlineData("BalanceEvery", "00:00:00.5", "from 00:00:01")]
    [InlineData("Patience", "00:00:00", "from 00:00:00.1000000")]
    [InlineData("Lease", "-00:00:01", "from 00:00:00.1000000")]
    [InlineData("ProbeTimeout", "soon", "cannot be 'soon': it is a time")]
    [InlineData("BooksPoll", "00:00:00", "from 00:00:00.0100000")]
    [InlineData("DrainDelay", "-00:00:01", "from 00:00:00 to")]
    [InlineData("BalanceEvery", "-00:00:01", "from 00:00:01")]
    [InlineData("SiloTls:Ca", "ca.pem", "SiloTls must have all of Ca, Certificate and Key")]
    [InlineData("RedisTls:Ca", "not-there.pem", "RedisTls:Ca cannot be used")]
    [InlineData("RedisTls:Key", "key.pem", "RedisTls:Certificate is missing: it belongs to Metering:Cluster:RedisTls:Key")]
    public void What_cannot_be_is_said_with_its_name(string name, string value, string says)
    {
        var refused = Assert.Throws<SettingsException>(() => Read((name, value)));
        Assert.Contains($"Metering:Cluster:{name.Split(':')[0]}", refused.Message, StringComparison.Ordinal);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Xunit.Theory]
    [InlineData("Redis", "redis.internal:6380,password=it is a secret,ssl=true")]
    [InlineData("Redis", "s1:26379,s2:26379,s3:26379,serviceName=metering")]
    [InlineData("Redis", "redis")]
    [InlineData("AdvertisedAddress", "10.0.0.1")]
    [InlineData("AdvertisedAddress", "fd00::1")]
    [InlineData("SiloPort", "65535")]
    [InlineData("Lease", "00:00:03")]
    [InlineData("BalanceEvery", "0")]
    [InlineData("DrainDelay", "00:00:20")]
    public void What_can_be_is_taken(string name, string value) => Read((name, value));

    [Xunit.Fact]
    public void A_password_is_not_told_with_what_is_wrong_beside_it()
    {
        var refused = Assert.Throws<SettingsException>(() =>
            Read(("Redis", "10.0.0.1:6379,password=hush-hush,colour=red")));
        Assert.DoesNotContain("hush-hush", refused.Message, StringComparison.Ordinal);
    }

    [Xunit.Fact]
    public void All_that_is_wrong_is_said_at_once_whichever_part_of_the_product_it_is_of()
    {
        var refused = Assert.Throws<SettingsException>(() => Read(("Redis", "redis://r"), ("SiloPort", "0"),
            ("SiloTls:Ca", "ca.pem"), ("RedisTls:Ca", "not-there.pem")));
        Assert.Equal(["Cluster:SiloPort", "Cluster:SiloTls", "Cluster:Redis", "Cluster:SiloTls:Ca"],
            refused.Message.Split('\n').Select(line => line.Split(' ')[2]["Metering:".Length..]));
    }

    private static MeteringSettings Read(params (string Name, string Value)[] settings) =>
        SiloSettings.Read(new ConfigurationBuilder()
            .AddInMemoryCollection([new("Metering:Cluster:Redis", "127.0.0.1:6379")])
            .AddInMemoryCollection(settings.Select(one =>
                KeyValuePair.Create<string, string?>($"Metering:Cluster:{one.Name}", one.Value))).Build());
}
