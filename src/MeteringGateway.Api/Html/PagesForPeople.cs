using MeteringGateway.Api.Plans;
using MeteringGateway.Api.Statements;

namespace MeteringGateway.Api.Html;

/// <summary>What some answers are for browsers, made by whoever makes pages; without it there are none.</summary>
/// <param name="Statement">With the tenant's name.</param>
internal sealed record PagesForPeople(
    Func<HttpContext, PricePageWire, Task<string>> Price,
    Func<HttpContext, StatementWire, string, Task<string>> Statement)
{
    public const string MediaType = "text/html";
}
