using System.Buffers;
using System.Text.Json;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;
using Microsoft.AspNetCore.Http;

namespace MeteringGateway.Mcp;

/// <summary>One call of a tool.</summary>
/// <param name="given">Its arguments, with the tenant's name, if there is one.</param>
internal sealed class Call(Principal caller, HttpContext context, IDictionary<string, JsonElement> given)
{
    public Principal Caller => caller;

    public ITenants Tenants => Service<ITenants>();

    /// <summary>The one that is named, or the only one that the key may see.</summary>
    /// <exception cref="ProblemException">There is none.</exception>
    public string Tenant
    {
        get
        {
            var tenant = Optional("tenant") ?? (caller.Tenants is { Count: 1 } only ? only.First() : null)
                ?? throw Wrong("tenant", "is required: the key is not bound to one tenant");
            return Ids.IsId(tenant) && caller.MaySee(tenant) ? tenant
                : throw new ProblemException(Problem.UnknownTenant());
        }
    }

    public T Service<T>() where T : notnull => context.RequestServices.GetRequiredService<T>();

    public string Text(string name) => Optional(name) ?? throw Wrong(name, "is required");

    public string? Optional(string name) => !given.TryGetValue(name, out var value)
        || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong(name, "must be a string");

    /// <summary>The arguments as the body of the HTTP call. A model that gives a member as null means none.</summary>
    /// <param name="known">All that there may be beside the tenant.</param>
    /// <exception cref="ProblemException">There is another one.</exception>
    public byte[] Body(params ReadOnlySpan<string> known)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            foreach (var (name, value) in given)
            {
                if (name == "tenant" || value.ValueKind == JsonValueKind.Null) continue;
                if (!known.Contains(name)) throw Wrong(name, "is not a known argument");
                json.WritePropertyName(name);
                value.WriteTo(json);
            }
            json.WriteEndObject();
        }
        return bytes.WrittenSpan.ToArray();
    }

    private static ProblemException Wrong(string name, string why)
    {
        var findings = new Findings();
        findings.Add("/" + name, why);
        return new ProblemException(findings.Problem!);
    }
}
