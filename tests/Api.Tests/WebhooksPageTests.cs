using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Tests;

/// <summary>The page for receivers, <c>docs/webhooks.md</c>: what it shows works.</summary>
public class WebhooksPageTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    [Fact]
    public void What_it_shows_in_csharp_is_this_and_verifies()
    {
        Assert.Contains(Flat(Code("csharp")), Flat(File.ReadAllText(Here())), StringComparison.Ordinal);
        var body = """{"test": 2432232314}"""u8.ToArray();
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Assert.True(IsOurs(Secret, Headers(now, Signature.Sign([Signature.NewSecret(), Secret], "evt_1", now, body)),
            body));
        Assert.False(IsOurs(Signature.NewSecret(), Headers(now, Signature.Sign([Secret], "evt_1", now, body)), body));
        Assert.False(IsOurs(Secret, Headers(now, Signature.Sign([Secret], "evt_2", now, body)), body));
        Assert.False(IsOurs(Secret, Headers(now - 600, Signature.Sign([Secret], "evt_1", now - 600, body)), body));
    }

    [FactIfInstalled("python3")]
    public async Task What_it_shows_in_python_verifies()
    {
        var body = "{\"test\": 2432232314}";
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var script = $$"""
            {{Code("python")}}
            headers = {"webhook-id": "evt_1", "webhook-timestamp": "{{now}}", "webhook-signature": "{{Signature.Sign([Signature.NewSecret(), Secret], "evt_1", now, Encoding.UTF8.GetBytes(body))}}"}
            print(is_ours("{{Secret}}", headers, b'{{body}}'), is_ours("{{Secret}}", headers, b'{{body}} '))
            """;
        using var python = Process.Start(
            new ProcessStartInfo("python3", "-") { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await python.StandardInput.WriteAsync(script);
        python.StandardInput.Close();
        Assert.Equal("True False", (await python.StandardOutput.ReadToEndAsync()).Trim());
    }

    [Fact]
    public void Every_type_is_on_it_and_what_it_shows_is_json()
    {
        Assert.All(WebhookEvents.All, type => Assert.Contains($"**`{type}`**", Page(), StringComparison.Ordinal));
        var shown = Regex.Matches(Page(), "```json\n(.*?)```", RegexOptions.Singleline)
            .Select(one => JsonNode.Parse(one.Groups[1].Value)!).ToList();
        Assert.Equal(10, shown.Count);
        Assert.All(shown.Skip(1), data => Assert.Equal("acme", (string?)data["tenant"]));
    }

#pragma warning disable CA1305, IDE0007 // as a receiver would write it
    static bool IsOurs(string secret, IHeaderDictionary headers, byte[] body)
    {
        string id = headers["webhook-id"]!, timestamp = headers["webhook-timestamp"]!;
        if (Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - long.Parse(timestamp)) > 300) return false;
        var key = Convert.FromBase64String(secret["whsec_".Length..]);
        byte[] content = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        var expected = Encoding.UTF8.GetBytes("v1," + Convert.ToBase64String(HMACSHA256.HashData(key, content)));
        return headers["webhook-signature"].ToString().Split(' ')
            .Any(one => CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(one)));
    }
#pragma warning restore CA1305, IDE0007

    private static HeaderDictionary Headers(long timestamp, string signature) => new()
    {
        ["webhook-id"] = "evt_1",
        ["webhook-timestamp"] = timestamp.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["webhook-signature"] = signature,
    };

    private static string Code(string language) =>
        Regex.Match(Page(), $"```{language}\n(.*?)```", RegexOptions.Singleline).Groups[1].Value.Trim();

    private static string Flat(string code) => Regex.Replace(code, @"\s+", " ").Trim();

    private static string Page() =>
        File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "docs", "webhooks.md"));

    private static string Here([CallerFilePath] string path = "") => path;
}
