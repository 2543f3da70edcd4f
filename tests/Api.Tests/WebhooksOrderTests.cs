using System.Collections.Concurrent;
using System.Globalization;

namespace MeteringGateway.Api.Tests;

/// <summary>
/// Whatever receivers answer, and however often the process ends: at least once, and of each tenant in order (S5).
/// </summary>
public class WebhooksOrderTests
{
    private static readonly string[] Tenants = ["a", "b", "c"];

    /// <summary>Silos take their time to end and to start again.</summary>
    public static TheoryData<int> Seeds => Edition.Current.HasRealTimers ? [1] : [1, 2, 3];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Every_alert_arrives_and_none_before_the_one_before_it(int seed)
    {
        var random = new Random(seed);
        var directory = Directory.CreateTempSubdirectory("metering-").FullName;
        var clock = new FakeClock();
        var taken = new ConcurrentQueue<Received>(); // answered with 2xx, in this order
        var moody = true;
        await using var receiver = await Receiver.Start();
        receiver.Answer = (received, context) =>
        {
            int mood;
            lock (random) mood = moody ? random.Next(10) : 9;
            if (mood >= 4) taken.Enqueue(received);
            if (mood == 3) context.Abort();
            return Receiver.With(context, mood switch { < 2 => 500, 2 => 429, _ => 204 });
        };
        var gateway = await WebhooksTestBed.Start(directory, clock);
        foreach (var tenant in Tenants) await gateway.Tenant(tenant);
        await gateway.Webhook("desk", receiver.Url);
        var alerts = 0;
        for (var step = 0; step < 40; step++)
        {
            int what;
            string tenant;
            lock (random) (what, tenant) = (random.Next(10), Tenants[random.Next(Tenants.Length)]);
            if (what == 0)
            {
                await gateway.DisposeAsync();
                gateway = await WebhooksTestBed.Start(directory, clock);
            }
            else if (what < 4) clock.Advance(TimeSpan.FromMinutes(what * what * 5));
            else
            {
                await gateway.Alert(tenant);
                alerts++;
            }
        }
        lock (random) moody = false;
        var looks = 0;
        await gateway.Until("desk", all =>
        {
            // A try that is under way is not to run out of time because the machine is slow.
            if (++looks % 50 == 0 || all.TrueForAll(one => !IsDue(one, clock))) clock.Advance(TimeSpan.FromMinutes(1));
            return all.Count == alerts && all.TrueForAll(one => one.Status() == "delivered");
        });

        var journalled = (await gateway.Deliveries("desk"))
            .GroupBy(one => (string)one["tenant"]!, one => (long)one["sequence"]!)
            .ToDictionary(group => group.Key, group => group.Order());
        foreach (var tenant in journalled.Keys)
        {
            var first = taken.Where(one => one.Tenant == tenant).DistinctBy(one => one.Id)
                .Select(one => (long)one.Json["data"]!["sequence"]!).ToList();
            Assert.Equal(journalled[tenant], first);
        }
        Assert.All(receiver.All.GroupBy(one => one.Id),
            same => Assert.Single(same.Select(one => Convert.ToHexString(one.Body)).Distinct()));
        await gateway.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    private static bool IsDue(JsonNode delivery, FakeClock clock) => delivery.Status() == "pending"
        && delivery["next_attempt_at"] is { } at
        && DateTimeOffset.Parse((string)at!, CultureInfo.InvariantCulture) <= clock.GetUtcNow();
}
