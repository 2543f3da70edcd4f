using System.IO.Compression;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace MeteringGateway.Api.Tests;

/// <summary>Bodies may come gzipped; what holds for a body holds for what comes out.</summary>
public class CompressedTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private const string Many = "application/cloudevents-batch+json";
    private const string Lines = "application/x-ndjson";

    private readonly Gateway _gateway = started.Gateway;

    [Theory]
    [InlineData("gzip")]
    [InlineData("GZIP")]
    [InlineData("x-gzip")]
    [InlineData("identity, gzip")]
    public async Task A_gzipped_body_is_taken_wherever_a_body_is(string coding)
    {
        var tenant = $"z-{Guid.NewGuid():n}";
        await _gateway.Tenant(tenant);
        await Send(HttpMethod.Post, "/v1/events", One, Gzip(Report.Outcome("c-1", tenant)), coding)
            .Is(HttpStatusCode.Created);
        // It is the same event however it came.
        await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome("c-1", tenant)).Is(HttpStatusCode.OK);
        await Send(HttpMethod.Post, "/v1/events", Many, Gzip($"[{Report.Outcome("c-2", tenant)}]"), coding)
            .Is(HttpStatusCode.OK);
        await Send(HttpMethod.Put, $"/v1/tenants/{tenant}/caps/c", "application/json",
            Gzip("""{"limit":{"units":9}}"""), coding).Is(HttpStatusCode.Created);
        var checkedFor = await Send(HttpMethod.Post, $"/v1/tenants/{tenant}/check", "application/json",
            Gzip("""{"outcome_type":"support.resolution"}"""), coding).Is(HttpStatusCode.OK);
        Assert.Equal(1, (int?)checkedFor["remaining"]);
        var made = await Send(HttpMethod.Post, $"/v1/tenants/{tenant}/outcomes", "application/json",
            Gzip("""{"outcome_type":"support.resolution"}"""), coding, ("Idempotency-Key", tenant))
            .Is(HttpStatusCode.Created);
        var again = await _gateway.Admin.Post($"/v1/tenants/{tenant}/outcomes",
            """{"outcome_type":"support.resolution"}""", ("Idempotency-Key", tenant)).Is(HttpStatusCode.Created);
        Assert.Equal((string?)made["outcome_id"], (string?)again["outcome_id"]);
    }

    [Theory]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("zstd")]
    [InlineData("gzip, gzip")]
    [InlineData("gzip, br")]
    [InlineData("gzi")]
    public async Task Another_coding_is_refused_with_those_that_are_taken(string coding) // RFC 9110, 15.5.16
    {
        using var response = await Send(HttpMethod.Post, "/v1/events", One, Gzip("{}"), coding);
        await Task.FromResult(response).IsProblem(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        Assert.Equal("gzip", response.Headers.NonValidated["Accept-Encoding"].ToString());
    }

    [Fact]
    public async Task Identity_is_no_coding() =>
        await Send(HttpMethod.Put, "/v1/plans/identity", "application/json", Encoding.UTF8.GetBytes(Gateway.Plan),
            "identity").Is(HttpStatusCode.Created);

    [Fact]
    public async Task What_is_not_gzip_or_is_cut_off_or_was_changed_is_refused()
    {
        await _gateway.Tenant("broken");
        var whole =
            Gzip($"[{string.Join(",", Enumerable.Range(0, 300).Select(i => Report.Outcome($"b-{i}", "broken")))}]");
        var changed = whole.ToArray();
        changed[^6] ^= 1; // its checksum
        foreach (var body in new[] { Encoding.UTF8.GetBytes("[]"), whole[..^1], whole[..^8],
            whole[..(whole.Length / 2)],
            changed, [] })
        {
            await Send(HttpMethod.Post, "/v1/events", Many, body, "gzip")
                .IsProblem(HttpStatusCode.BadRequest, "malformed");
        }
        var outcomes = await _gateway.Admin.Get("/v1/tenants/broken/outcomes").Is(HttpStatusCode.OK);
        Assert.Empty(outcomes["data"]!.AsArray());
    }

    [Fact]
    public async Task What_comes_out_is_bounded_as_what_comes_in_is_and_a_bomb_is_given_up_early()
    {
        var bomb = Zeros(1L << 30); // a gigabyte in a megabyte
        Assert.True(bomb.Length < 2 << 20);
        var before = GC.GetTotalAllocatedBytes();
        foreach (var (path, media) in new[] { ("/v1/events", One), ("/v1/events", Many),
            ("/v1/keys", "application/json"), ("/v1/tenants/acme/check", "application/json") })
            await Send(HttpMethod.Post, path, media, bomb, "gzip")
                .IsProblem(HttpStatusCode.RequestEntityTooLarge, "too_large");
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 1L << 28);
        await Send(HttpMethod.Post, "/v1/events", One, Gzip(new string(' ', 300_000)), "gzip")
            .IsProblem(HttpStatusCode.RequestEntityTooLarge, "too_large");
    }

    [Fact]
    public async Task A_stream_is_taken_however_long_it_is_and_a_bomb_in_it_ends_it()
    {
        const int count = 80_000; // more than a body may be
        await _gateway.Tenant("flood", """{"currency":"USD","outcome_types":[{"id":"support.resolution"}]}""");
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
            text.Append(Report.Event("activity.reported", $"f-{i}", "flood", """ "activity":"ticket","agent":"a" """))
                .Append('\n');
        Assert.True(text.Length > 10 * 1024 * 1024);
        var taken = await Send(HttpMethod.Post, "/v1/events?results=rejected", Lines, Gzip(text.ToString()), "gzip")
            .Is(HttpStatusCode.OK);
        Assert.Equal((count, 0), ((int)taken["accepted"]!, (int)taken["rejected"]!));

        byte[] mined = [.. Gzip(Report.Event("activity.reported", "mine", "flood", """ "activity":"ticket" """) + "\n"),
            .. Zeros(1L << 30)];
        var ended = await Send(HttpMethod.Post, "/v1/events", Lines, mined, "gzip").Is(HttpStatusCode.OK);
        Assert.Equal(1, (int?)ended["accepted"]);
        Assert.Equal("too_large", (string?)ended["results"]!.AsArray()[^1]!["problem"]!["code"]);
        var dull = await Send(HttpMethod.Post, "/v1/events", Lines, Repeated("\n", 1L << 28), "gzip")
            .IsProblem(HttpStatusCode.RequestEntityTooLarge, "too_large");
        Assert.Contains("times", (string)dull["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_is_cut_off_says_so_and_keeps_what_it_brought()
    {
        await _gateway.Tenant("cut");
        var lines = string.Concat(Enumerable.Range(0, 2000)
            .Select(i => Report.Event("activity.reported", $"x-{i * 7919}", "cut", """ "activity":"ticket" """)
                + "\n"));
        var answer = await Send(HttpMethod.Post, "/v1/events", Lines, Gzip(lines)[..^4], "gzip").Is(HttpStatusCode.OK);
        Assert.Equal((2000, 1), ((int)answer["accepted"]!, (int)answer["rejected"]!));
        Assert.Equal("malformed", (string?)answer["results"]!.AsArray()[^1]!["problem"]!["code"]);
        await Send(HttpMethod.Post, "/v1/events", Lines, Encoding.UTF8.GetBytes(lines), "gzip")
            .IsProblem(HttpStatusCode.BadRequest, "malformed");
    }

    [Fact]
    public async Task Whoever_waits_for_an_answer_before_sending_more_gets_it_also_compressed()
    {
        await _gateway.Tenant("talk");
        using var socket = new TcpClient();
        await socket.ConnectAsync(_gateway.Address.Host, _gateway.Address.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {Gateway.AdminKey}\r\n"
            + $"Content-Type: {Lines}\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"));
        var compressed = new MemoryStream();
        await using var gzip = new GZipStream(compressed, CompressionLevel.Fastest);
        var heard = new StringBuilder();
        foreach (var id in new[] { "t-1", "t-2" })
        {
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(Report.Outcome(id, "talk") + "\n"));
            await gzip.FlushAsync();
            await Chunk(compressed.ToArray());
            compressed.SetLength(0);
            var buffer = new byte[4096];
            while (!heard.ToString().Contains($"\"{id}\"", StringComparison.Ordinal))
            {
                var read = await stream.ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
                Assert.NotEqual(0, read);
                heard.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }
        }

        async Task Chunk(byte[] bytes)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{bytes.Length:x}\r\n"));
            await stream.WriteAsync(bytes);
            await stream.WriteAsync("\r\n"u8.ToArray());
        }
    }

    private async Task<HttpResponseMessage> Send(HttpMethod method, string path, string media, byte[] body,
        string coding, params (string Name, string Value)[] fields)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(media);
        request.Content.Headers.TryAddWithoutValidation("Content-Encoding", coding);
        foreach (var (name, value) in fields) request.Headers.TryAddWithoutValidation(name, value);
        return await _gateway.Admin.SendAsync(request);
    }

    private static byte[] Gzip(string text) => Repeated(text, text.Length);

    private static byte[] Zeros(long count) => Repeated("\0", count);

    private static byte[] Repeated(string text, long count)
    {
        var block = Encoding.UTF8.GetBytes(text);
        var times = text.Length == 0 ? 0 : Math.Max(1, count / text.Length);
        if (times > 1) block = [.. Enumerable.Repeat(block, 1 << 20).SelectMany(bytes => bytes)];
        var written = new MemoryStream();
        using (var gzip = new GZipStream(written, CompressionLevel.SmallestSize))
            for (var i = 0L; i < (times > 1 ? times >> 20 : 1); i++) gzip.Write(block);
        return written.ToArray();
    }
}
