using System.Globalization;
using System.Text;
using MeteringGateway.Api.Emails;

namespace MeteringGateway.Api.Tests;

/// <summary>Alerts in words: the same in every culture, with money as a statement has it.</summary>
public sealed class AlertWordsTests
{
    [Theory]
    [InlineData("threshold.crossed", """{"threshold":"eighty","of":"cap:monthly","level":{"units":8000},"limit":{"units":10000},"period":"2026-11-01"}""",
        "Cap monthly: 8,000 units of 10,000 units")]
    [InlineData("threshold.crossed", """{"threshold":"t","of":"spend","level":{"amount":"1250.00"},"limit":null,"period":"2026-11-01"}""",
        "Spend: 1,250.00 EUR")]
    [InlineData("threshold.crossed", """{"threshold":"t","of":"credits","level":{"amount":"240"},"limit":{"amount":"300"},"period":"2026-11-01"}""",
        "Credits: 240 credits of 300 credits")]
    [InlineData("cap.reached", """{"key":"cap:budget","action":"handoff","handoff":{"to":"queue:tier1","message":null},"limit":{"amount":"5.00"},"resets_at":"2026-12-01T00:00:00.000Z"}""",
        "Cap budget is reached", "The limit is 5.00 EUR.",
        "Agents hand off to queue:tier1 until 2026-12-01 00:00 UTC, or the limit is raised.")]
    [InlineData("cap.reached", """{"key":"funding:interview","action":"pause","handoff":null,"limit":null,"resets_at":null,"count":2999,"first_at":"2026-11-21T11:59:00.000Z"}""",
        "Funding of interview is reached", "Agents are told to pause.", "2,999 times since 2026-11-21 11:59 UTC.")]
    [InlineData("statement.final", """{"period":"2026-11-01","currency":"EUR","total":"1290.40"}""",
        "The statement of 2026-11-01 is final: 1,290.40 EUR")]
    [InlineData("grant.expiring", """{"grant":"g17","remaining":"1200","expires_at":"2026-11-28T00:00:00.000Z"}""",
        "1,200 credits expire soon", "Grant g17 ends 2026-11-28 00:00 UTC.")]
    [InlineData("dispute.resolved", """{"dispute":"d1","outcome_id":"c-1","status":"credited","note":"sorry","amount":"0.99","period":"2026-11-01"}""",
        "Dispute d1 was credited", "0.99 EUR for outcome c-1, on the statement of 2026-11-01.", "Note: sorry")]
    [InlineData("of.tomorrow", """{"whatever":[1]}""", "of.tomorrow")]
    public void Each_says_what_happened(string type, string data, string title, params string[] lines)
    {
        var before = CultureInfo.CurrentCulture;
        var others = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (others.NumberFormat.NumberDecimalSeparator, others.NumberFormat.NumberGroupSeparator) = (",", ".");
        foreach (var culture in new[] { others, CultureInfo.InvariantCulture })
            try
            {
                CultureInfo.CurrentCulture = culture;
                var words = AlertWords.Of(Encoding.UTF8.GetBytes(
                    $$"""{"type":"{{type}}","timestamp":"2026-11-21T12:00:00.000Z","data":{{data}}}"""), "EUR");
                Assert.Equal(title, words.Title);
                Assert.Equal("2026-11-21 12:00 UTC", words.Lines[0]);
                Assert.All(lines, line => Assert.Contains(line, words.Lines));
            }
            finally
            {
                CultureInfo.CurrentCulture = before;
            }
    }
}
