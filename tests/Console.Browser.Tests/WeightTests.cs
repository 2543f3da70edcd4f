using System.Globalization;
using Xunit.Abstractions;

namespace MeteringGateway.Console.Browser.Tests;

/// <summary>What the console costs whoever opens it for the first time.</summary>
public sealed class WeightTests(Desk desk, ITestOutputHelper told) : IClassFixture<Desk>
{
    [FactIfInstalled("chromium")]
    public async Task From_a_link_to_an_account_less_than_100_KB_are_transferred()
    {
        var accounts = await Accounts.Open(desk.Gateway, "weight");
        await using var finance = await desk.Someone();
        var wire = await finance.Page.Context.NewCDPSessionAsync(finance.Page);
        await wire.SendAsync("Network.enable");
        await wire.SendAsync("Performance.enable");
        double bytes = 0;
        wire.Event("Network.loadingFinished").OnEvent += (_, told) =>
            bytes += told!.Value.GetProperty("encodedDataLength").GetDouble();
        await finance.SignIn("finance", accounts.Capped);
        await finance.Follow("Acme Bicycles");
        await finance.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        var measured = (await wire.SendAsync("Performance.getMetrics"))!.Value.GetProperty("metrics").EnumerateArray()
            .ToDictionary(one => one.GetProperty("name").GetString()!, one => one.GetProperty("value").GetDouble());
        var words = string.Create(CultureInfo.InvariantCulture, $"""
            From a link to an account's page: {bytes / 1000:0.0} KB transferred.
            On that page: {measured["ScriptDuration"] * 1000:0.0} ms of script, {measured["LayoutDuration"] * 1000:0.0} ms of layout.
            """);
        told.WriteLine(words);
        await File.WriteAllTextAsync(Desk.Kept("weight.txt"), words);
        Assert.InRange(bytes, 5_000, 100_000);
    }
}
