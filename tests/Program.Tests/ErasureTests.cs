using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary>Who was erased is in no byte of what the gateway keeps (D2).</summary>
public sealed class ErasureTests : IDisposable
{
    private static readonly string[] Planted = ["planted-jane-doe", "planted-address", "planted-note"];

    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Nothing_of_an_end_customer_is_left_in_the_store_in_its_log_or_in_an_export_D2()
    {
        var store = Path.Combine(_directory, "store");
        using (var server = GatewayServer.Start(Options.DefaultDll(), store))
        {
            await Metering.Fill(server, "acme", 1);
            using var http = Metering.Administrator(server);
            // So many that some are copied into the database, and some are in the log alone.
            for (var i = 0; i < 300; i++) await Report(http, $"o-{i * 7919 % 300}", Planted[0], i % 40 * 25);
            await Report(http, "other", "somebody-else", 0);
            Assert.Equal(Planted, Found(store));

            using var erased = await http.DeleteAsync(
                new Uri($"/v1/tenants/acme/end-customers/{Planted[0]}", UriKind.Relative));
            Assert.Equal(300, (int)(await erased.Content.ReadFromJsonAsync<JsonNode>())!["erased"]!);
            Assert.Empty(Found(store));
            Assert.Equal(0, server.Process.Stop());
        }
        Assert.Empty(Found(store));
        Assert.Contains(Bytes(store), bytes => bytes.AsSpan().IndexOf("somebody-else"u8) >= 0);
        var export = Path.Combine(_directory, "out.export");
        Assert.Equal(0, (await Metering.Run("export", "--data-directory", store, "--to", export)).Code);
        Assert.Empty(Found(export));
    }

    private static async Task Report(HttpClient http, string id, string customer, int more)
    {
        using var answer = await http.PostAsJsonAsync(new Uri("/v1/tenants/acme/outcomes", UriKind.Relative), new
        {
            outcome_type = "support.resolution", outcome_id = id, end_customer = customer,
            source_url = customer == Planted[0] ? $"https://desk.example/{Planted[1]}" : null,
            metadata = new { note = customer == Planted[0] ? Planted[2] + new string('.', more) : "" },
        });
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>What was planted and is somewhere, in a file or in any of a directory.</summary>
    private static string[] Found(string path) =>
        [.. Planted.Where(text => Bytes(path).Any(bytes => bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0))];

    private static IEnumerable<byte[]> Bytes(string path)
    {
        // The lock is nobody's to open, and empty.
        foreach (var file in File.Exists(path) ? [path] : Directory.GetFiles(path, "metering.db*"))
        {
            using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[from.Length];
            from.ReadExactly(bytes);
            yield return bytes;
        }
    }
}
