using MeteringGateway.Engine;
using Microsoft.Extensions.DependencyInjection;

namespace MeteringGateway.Api.Tests;

/// <summary>
/// While an older version of the gateway runs beside a newer one, or takes its place again, it finds documents that the
/// newer one has stored.
/// </summary>
public sealed class StoredDocumentTests
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering-").FullName;

    [Fact]
    public async Task What_a_newer_version_has_added_is_kept_by_an_older_one_that_writes_the_document_again()
    {
        const string key = "another";
        await using (var first = await Gateway.Start(dataDirectory: _directory))
        {
            await first.Tenant("acme", Gateway.Plan.Replace("\"price\":\"0.99\"",
                "\"price\":\"0.99\",\"included_units\":1", StringComparison.Ordinal));
            await first.Key("billing");
            await first.Admin.Put("/v1/webhooks/hook",
                """{"url":"https://example.org/","events":["*"],"tenants":"*"}""")
                .Is(HttpStatusCode.Created);
            var store = first.Services.GetRequiredService<IStore>();
            var made = (await store.Documents("key", default)).Single();
            await Put(store, "key", key, 1, With(made.Content, "colour"));
            await Put(store, "terms", "acme", 1,
                """{"overage":{"mode":"bill","colour":"red"},"caps":[{"id":"x","colour":"red","limit":{"units":1}}]}""");
            var hook = (await store.Webhooks(default)).Single();
            await store.PutWebhook(Of("webhook", "hook", 2, "{}"),
                Bytes(With(With(hook.Content, "colour"), "Version", 2)), default);
        }
        await using var gateway = await Gateway.Start(dataDirectory: _directory);
        Assert.Equal(HttpStatusCode.NoContent, (await gateway.Admin.Delete($"/v1/keys/{key}")).StatusCode);
        await gateway.Admin.Put("/v1/tenants/acme/overage", """{"mode":"block"}""").Is(HttpStatusCode.OK);
        await gateway.Admin.Post("/v1/webhooks/hook/rotate", (string?)null).Is(HttpStatusCode.OK);

        var after = gateway.Services.GetRequiredService<IStore>();
        Assert.Equal("red", (string?)(await Newest(after, "key"))["colour"]);
        var terms = await Newest(after, "terms");
        Assert.Equal("""{"mode":"block"}""", terms["overage"]!.ToJsonString());
        Assert.Equal("red", (string?)terms["caps"]![0]!["colour"]);
        Assert.Equal("red", (string?)JsonNode.Parse((await after.Webhooks(default)).Single().Content)!["colour"]);
        Assert.DoesNotContain("colour", (await gateway.Admin.Get("/v1/webhooks/hook").Json()).ToJsonString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_read_is_a_problem_for_whoever_asks_for_it_and_for_nobody_else()
    {
        string bearer;
        await using (var first = await Gateway.Start(dataDirectory: _directory))
        {
            await first.Tenant("acme");
            await first.Tenant("zoo");
            bearer = await first.Key("billing");
            var store = first.Services.GetRequiredService<IStore>();
            var id = (await store.Documents("key", default)).Single().Id;
            await Put(store, "key", id, 2, """{"hash":{"by":"another way"}}""");
            await Put(store, "plan", "acme", 2, """{"currency":["USD","EUR"]}""");
            await Put(store, "plan", "broken", 1, "{");
            await Put(store, "terms", "zoo", 1, "null");
            await store.PutWebhook(Of("webhook", "hook", 1, "{}"), Bytes("""{"Version":"one"}"""), default);
        }
        await using var gateway = await Gateway.Start(dataDirectory: _directory);

        foreach (var path in (string[])["/v1/plans/acme", "/v1/plans/acme?version=2", "/v1/plans/broken",
            "/v1/webhooks/hook"])
            await Unreadable(gateway.Admin.Get(path));
        await Unreadable(gateway.Admin.Put("/v1/plans/acme", Gateway.Plan));
        await Unreadable(gateway.Admin.Put("/v1/tenants/zoo/overage", """{"mode":"block"}"""));
        await Unreadable(gateway.Admin.Put("/v1/webhooks/hook",
            """{"url":"https://example.org/","events":["*"],"tenants":"*"}"""));
        await Unreadable(gateway.Admin.Delete("/v1/webhooks/hook"));
        using var unknown = gateway.As(bearer);
        await Unreadable(unknown.Get("/v1/tenants"));

        await gateway.Admin.Get("/v1/plans/acme?version=1").Is(HttpStatusCode.OK);
        await gateway.Admin.Get("/v1/plans").Is(HttpStatusCode.OK);
        await gateway.Admin.Get("/v1/keys").Is(HttpStatusCode.OK);
        await gateway.Admin.Get("/v1/webhooks").Is(HttpStatusCode.OK);
        await gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Support.Report.Outcome("o", "acme"))
            .Is(HttpStatusCode.Created);
        await gateway.Tenant("another");
        Assert.Contains(gateway.Log.Lines,
            line => line.Contains("plan 'acme' cannot be read", StringComparison.Ordinal));
    }

    private static Task<JsonObject> Unreadable(Task<HttpResponseMessage> sent) =>
        sent.IsProblem(HttpStatusCode.ServiceUnavailable, "unreadable");

    private static async Task Put(IStore store, string kind, string id, int version, string content) =>
        Assert.True(await store.Put(Of(kind, id, version, content), default));

    private static Document Of(string kind, string id, int version, string content) =>
        new(kind, id, version, default, "a newer one", Bytes(content));

    private static byte[] Bytes(string json) => System.Text.Encoding.UTF8.GetBytes(json);

    private static string With(string json, string name, JsonNode? value = null) => With(Bytes(json), name, value);

    private static string With(byte[] json, string name, JsonNode? value = null)
    {
        var document = JsonNode.Parse(json)!;
        document[name] = value ?? "red";
        return document.ToJsonString();
    }

    private static async Task<JsonNode> Newest(IStore store, string kind) =>
        JsonNode.Parse((await store.Documents(kind, default)).MaxBy(one => one.Version)!.Content)!;
}
