using System.Runtime.Versioning;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Keys;
using MeteringGateway.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Api.Tests;

/// <summary>What happens before the first request, and when there can be none.</summary>
public sealed class StartTests
{
    [Fact]
    public async Task The_first_administrators_key_is_shown_once_and_works_ever_after()
    {
        var directory = Directory.CreateTempSubdirectory("metering-").FullName;
        var settings = new Dictionary<string, string?> { ["Metering:AdminKey"] = null };
        string key;
        await using (var first = await Gateway.Start(settings, directory))
        {
            key = Assert.Single(first.ShownKeys);
            using var admin = first.As(key);
            await admin.Get("/v1/keys").Is(HttpStatusCode.OK);
            Assert.DoesNotContain(first.Log.Lines, line => line.Contains(key, StringComparison.Ordinal));
        }
        await using var second = await Gateway.Start(settings, directory);
        Assert.Empty(second.ShownKeys);
        using var same = second.As(key);
        await same.Get("/v1/keys").Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_settings_key_is_the_administrators_and_none_is_made()
    {
        await using var gateway = await Gateway.Start();
        Assert.Empty(gateway.ShownKeys);
        await gateway.Admin.Get("/v1/keys").Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(UnixFileMode.OtherRead, true)]
    [InlineData(UnixFileMode.GroupExecute, true)]
    [InlineData(UnixFileMode.None, false)]
    [UnsupportedOSPlatform("windows")]
    public async Task A_data_directory_that_others_may_enter_is_said_at_the_start(UnixFileMode others, bool isSaid)
    {
        var directory = Directory.CreateTempSubdirectory("metering-").FullName;
        File.SetUnixFileMode(directory,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | others);
        await using var gateway = await Gateway.Start(dataDirectory: directory);
        Assert.Equal(isSaid, gateway.Log.Lines.Any(line => line.Contains(
            $"Other users may enter the data directory {directory}: chmod 700", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_an_operator_asks_a_log_for_is_a_line_of_it_and_no_secret_is()
    {
        RecordedLog log;
        string agents, secret;
        await using (var gateway = await WebhooksTestBed.Start(lowest: LogLevel.Information,
            settings: [("GiveUpAfter", "00:00:10"), ("SwitchOffAfter", "1.00:00:00")]))
        {
            log = gateway.Log;
            Said("Information: Ready after ");
            await gateway.Tenant("acme");
            Said("PUT /v1/tenants/acme by key "); // what an administrator does
            agents = await gateway.Key("agent", "acme");
            using var agent = gateway.As(agents);
            await agent.Get("/v1/tenants/acme/usage").IsProblem(HttpStatusCode.Forbidden, "forbidden");
            Said("GET /v1/tenants/acme/usage by key "); // what a key may not
            await using var receiver = await Receiver.Start();
            receiver.Answer = (_, context) => Receiver.With(context, 500);
            secret = await gateway.Webhook("desk", receiver.Url);
            await gateway.Alert("acme");
            var first = await gateway.Until("desk", all => all.Count == 1 && all[0]["attempts"]!.AsArray().Count == 1);
            Said("the first try of ");
            for (var all = first; all[0].Status() != "failed";)
            {
                var tries = all[0]["attempts"]!.AsArray().Count;
                gateway.Clock.Advance(TimeSpan.FromMinutes(13));
                all = await gateway.Until("desk", now => now[0]["attempts"]!.AsArray().Count > tries
                    || now[0].Status() == "failed");
            }
            Said(" was given up after ");
        }
        Said("Information: Stopped: all that was answered is stored");
        Assert.DoesNotContain(log.Lines, line => line.Contains("Recovered", StringComparison.Ordinal)
            || line.Contains(agents[^43..^1], StringComparison.Ordinal)
            || line.Contains(secret, StringComparison.Ordinal));

        void Said(string what) =>
            Assert.Contains(log.Lines, line => line.Contains(what, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_journal_that_cannot_be_opened_ends_the_process_with_an_error()
    {
        var directory = Directory.CreateTempSubdirectory("metering-").FullName;
        await File.WriteAllTextAsync(Path.Combine(directory, "metering.db"),
            "this is not a database, and never was one");
        var before = Environment.ExitCode;
        try
        {
            var failed = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
                await Gateway.Start(dataDirectory: directory));
            Assert.Contains("could not be opened", failed.Message, StringComparison.Ordinal);
            Assert.Equal(1, Environment.ExitCode);
        }
        finally
        {
            Environment.ExitCode = before;
        }
    }

    [Fact]
    public async Task The_last_administrators_key_cannot_be_ended()
    {
        await using var alone = await Gateway.Start(new() { ["Metering:AdminKey"] = null });
        using var first = alone.As(alone.ShownKeys.Single());
        var id = (string)(await first.Get("/v1/keys").Is(HttpStatusCode.OK))["data"]![0]!["id"]!;
        await first.Post("/v1/keys", """{"role":"admin","tenants":"*","permissions":["keys:write"]}""")
            .Is(HttpStatusCode.Created);
        await first.Post("/v1/keys", """{"role":"admin","tenants":"*","expires_at":"2099-01-01T00:00:00Z"}""")
            .Is(HttpStatusCode.Created);

        await first.Delete($"/v1/keys/{id}").IsProblem(HttpStatusCode.Conflict, "last_administrator");
        await first.Post("/v1/keys", """{"role":"admin","tenants":"*"}""").Is(HttpStatusCode.Created);

        await first.Delete($"/v1/keys/{id}").Is(HttpStatusCode.NoContent);
        await first.Get("/v1/keys").IsProblem(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Fact]
    public async Task Whether_it_is_the_last_administrators_key_is_asked_when_no_other_is_being_ended()
    {
        await using var alone = await Gateway.Start(new() { ["Metering:AdminKey"] = null });
        using var first = alone.As(alone.ShownKeys.Single());
        var made = await first.Post("/v1/keys", """{"role":"admin","tenants":"*"}""").Is(HttpStatusCode.Created);
        using var second = alone.As((string)made["key"]!);
        var other = (string)(await first.Get("/v1/keys").Is(HttpStatusCode.OK))["data"]!.AsArray()
            .Single(key => (string?)key!["id"] != (string?)made["id"])!["id"]!;

        Task<HttpResponseMessage> ending;
        await using (await alone.Services.GetRequiredService<ITurns>().Take("keys", default))
        {
            ending = second.Delete($"/v1/keys/{made["id"]}");
            for (var i = 0; i < 20; i++) await second.Get("/v1/plans").Is(HttpStatusCode.OK); // it is under way by then
            await alone.Services.GetRequiredService<KeyRing>().Revoke(alone.Services.GetRequiredService<IStore>(), other, "test", default);
        }

        await ending.IsProblem(HttpStatusCode.Conflict, "last_administrator");
        await second.Get("/v1/keys").Is(HttpStatusCode.OK);
    }
}
