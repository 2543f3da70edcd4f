using System.Buffers;
using System.Buffers.Text;
using Microsoft.Extensions.DependencyInjection;
using MeteringGateway.Api.Certificates;
using MeteringGateway.Core;
using MeteringGateway.Engine;

namespace MeteringGateway.Api.Tests.Support;

/// <summary>Certificates and heads, as they come over HTTP, and the journal that they are of.</summary>
internal static class Signed
{
    public static async Task<string> Jose(HttpClient client, string path)
    {
        using var response = await client.Get(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/jose", response.Content.Headers.ContentType?.MediaType);
        return await response.Content.ReadAsStringAsync();
    }

    public static async Task<byte[]> Keys(Gateway gateway)
    {
        using var response = await gateway.Anyone.Get("/.well-known/jwks.json");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsByteArrayAsync();
    }

    public static JsonObject Payload(string signed) =>
        JsonNode.Parse(Base64Url.DecodeFromChars(signed.Split('.')[1]))!.AsObject();

    /// <summary>A tenant's entries, as they are chained.</summary>
    public static async Task<List<byte[]>> Journal(Gateway gateway, string tenant)
    {
        var entries = new List<byte[]>();
        for (long? after = 0; after is not null;)
        {
            var page = await gateway.Services.GetRequiredService<ITenants>().Entries(tenant, after.Value, 1000);
            foreach (var entry in page!.Items)
            {
                var bytes = new ArrayBufferWriter<byte>();
                EntryCodec.Write(bytes, entry.Entry);
                entries.Add(bytes.WrittenSpan.ToArray());
            }
            after = page.Next;
        }
        return entries;
    }

    public static void Replay(string signed, byte[] keys, List<byte[]> journal)
    {
        var proof = Proof.Read(signed, keys);
        var comparison = new Comparison(proof);
        foreach (var entry in journal) if (!comparison.IsDone) comparison.Take(entry, null);
        comparison.End();
    }
}
