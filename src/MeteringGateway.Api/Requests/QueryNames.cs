using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;
using Microsoft.AspNetCore.Http.Metadata;

namespace MeteringGateway.Api.Requests;

/// <summary>
/// The query parameters that an endpoint knows, read off its handler. Others are refused, as members of a body are: a
/// filter that is mistyped would otherwise be no filter. So is one that is there twice and is no list.
/// </summary>
internal sealed class QueryNames
{
    private static readonly ConditionalWeakTable<Endpoint, QueryNames> OfEndpoints = [];

    /// <summary>By name; true where it may be there more than once.</summary>
    private readonly FrozenDictionary<string, bool> _known;

    private QueryNames(RouteEndpoint endpoint)
    {
        var inPath = endpoint.RoutePattern.Parameters.Select(part => part.Name).ToHashSet(StringComparer.Ordinal);
        _known = endpoint.Metadata.OfType<IParameterBindingMetadata>()
            .Where(one => one.ParameterInfo.ParameterType == typeof(string)
                || one.ParameterInfo.ParameterType == typeof(string[]))
            .Select(one => (Name: NameOf(one), IsList: one.ParameterInfo.ParameterType == typeof(string[])))
            .Where(one => !inPath.Contains(one.Name))
            .ToFrozenDictionary(one => one.Name, one => one.IsList, StringComparer.OrdinalIgnoreCase);
    }

    public IEnumerable<string> Known => _known.Keys.Order(StringComparer.Ordinal);

    public static QueryNames Of(RouteEndpoint endpoint) =>
        OfEndpoints.GetValue(endpoint, static one => new QueryNames((RouteEndpoint)one));

    /// <summary>Null: every one is known, and there once.</summary>
    public static Problem? Refuse(RouteEndpoint endpoint, HttpRequest request)
    {
        if (!request.QueryString.HasValue) return null;
        var names = Of(endpoint);
        foreach (var (name, values) in request.Query)
        {
            if (!names._known.TryGetValue(name, out var isList))
                return Wrong($"There is no query parameter '{Text.Cut(name)}' here. {names.Words()}");
            if (!isList && values.Count > 1)
                return Wrong($"The query parameter '{name}' is there {values.Count} times.");
        }
        return null;
    }

    private string Words() => _known.Count == 0 ? "None is known." : $"Known: {string.Join(", ", Known)}.";

    private static string NameOf(IParameterBindingMetadata one) =>
        one.ParameterInfo.GetCustomAttributes(inherit: true).OfType<IFromQueryMetadata>().FirstOrDefault()?.Name
            ?? one.Name;

    private static Problem Wrong(string detail) =>
        new(StatusCodes.Status422UnprocessableEntity, "invalid", detail);
}
