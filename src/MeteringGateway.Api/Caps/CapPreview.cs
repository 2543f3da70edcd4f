using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Plans;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Caps;

/// <summary>Caps that there would be instead of all that there are.</summary>
internal sealed record PreviewCapsWire
{
    [Demanded]
    public IReadOnlyList<CapWire?>? Caps { get; init; }
}

/// <summary>What periods came to, and would have come to; nothing of it is kept.</summary>
/// <param name="Data">The open one and up to three before it, newest first.</param>
internal sealed record CapPreviewWire(string Tenant, string Currency, long Sequence,
    IReadOnlyList<PreviewedPeriodWire> Data);

internal sealed record PreviewedPeriodWire(string Period, string Status, CapResultWire Actual, CapResultWire Preview);

/// <param name="Admitted">Units that are pending or settled.</param>
/// <param name="Refused">Units that no cap had room for.</param>
/// <param name="Spend">For outcomes and activities, unrounded.</param>
/// <param name="Total">Of the statement.</param>
internal sealed record CapResultWire(long Admitted, long Refused, string Spend, string Total);

/// <summary>What other caps would have let through (C1).</summary>
internal static class CapPreviewEndpoints
{
    private const int MostCaps = 100;

    public static void MapCapPreview(this IEndpointRouteBuilder app) =>
        app.MapPost("/v1/tenants/{tenant}/caps/preview", async Task<Results<Ok<CapPreviewWire>, Problem>> (
            string tenant, Body<PreviewCapsWire> body, Principal caller, ITenants tenants,
            MeteringSettings settings, CancellationToken cancellation) =>
        {
            using var one = caller.Previews.Open(most: 1);
            if (one is null) return Problem.TooManyAtOnce(1, "previews");
            var findings = new Findings();
            var caps = Read(body.Value.Caps, findings);
            if (findings.Problem is { } invalid) return invalid;
            if (await tenants.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
            for (var i = 0; i < caps.Count; i++)
                if (caps[i].Scope.OutcomeType is { } type && figure.Terms.Type(type) is null)
                    findings.Add($"/caps/{i}/scope/outcome_type",
                        $"names no outcome type of this tenant: '{type}'; {figure.Terms.TypesInWords}");
            if (findings.Problem is { } unknown) return unknown;
            if (await tenants.PreviewCaps(tenant, caps, cancellation) is not { } preview)
                return Problem.UnknownTenant();
            return Refuse(preview, settings.PreviewTime) is { } refusal ? refusal
                : TypedResults.Ok(Wire(preview, tenant));
        }).WithTags("Caps").Needs(Permission.LimitsWrite | Permission.TermsWrite).Takes<PreviewCapsWire>()
            .Refuses(StatusCodes.Status409Conflict, "too_many_entries")
            .Refuses(StatusCodes.Status422UnprocessableEntity, "preview_given_up")
            .WithName("previewCaps")
            .WithSummary("What this period and the last three would have come to under other caps; changes nothing");

    /// <summary>Why there is none; null: there is.</summary>
    internal static Problem? Refuse(CapPreview preview, TimeSpan time) => preview switch
    {
        { Busy: true } => Busy(),
        { GivenUp: true } => GivenUp(time),
        { TooLong: true } => new Problem(StatusCodes.Status409Conflict, "too_many_entries",
            $"The tenant's journal has {preview.Sequence} entries; up to {CapReplay.MostEntries} are replayed."),
        _ => null,
    };

    private static Problem Busy() => Problem.Busy() with
    {
        Detail = "Another preview of this tenant is under way, or too many of others wait; nothing was done. "
            + "Send the same again.",
        RetryAfter = 5,
    };

    private static Problem GivenUp(TimeSpan after) => new(StatusCodes.Status422UnprocessableEntity, "preview_given_up",
        $"The journal could not be replayed in {after.TotalSeconds:0.#} seconds, and the preview was given up: "
            + "the tenant has too many entries for so many caps and grants. Nothing was changed. Fewer caps may do.");

    private static List<Cap> Read(IReadOnlyList<CapWire?>? given, Findings findings)
    {
        if (given is null) findings.Add("/caps", "is required");
        var caps = new List<Cap>();
        foreach (var (pointer, cap) in findings.Each("/caps", given, MostCaps))
        {
            CapReader.DemandWho($"{pointer}/at_limit", cap.AtLimit, findings);
            caps.Add(CapReader.Read(pointer, cap, cap.Id, findings));
        }
        for (var i = 0; i < caps.Count; i++)
            if (caps.FindIndex(cap => cap.Id == caps[i].Id) < i) findings.Add($"/caps/{i}/id", "is there twice");
        return caps;
    }

    private static CapPreviewWire Wire(CapPreview of, string tenant) => new(tenant, of.Currency, of.Sequence,
        [.. of.Periods.Select(period => new PreviewedPeriodWire(Text.Date(period.Period.Id),
            Names<PeriodStatus>.Of(period.Status), Wire(period.Actual, of.Currency),
            Wire(period.Preview, of.Currency)))]);

    private static CapResultWire Wire(CapResult of, string currency) => new(of.Admitted, of.Refused,
        Text.Money(of.Spend, currency), Text.Money(of.Total, currency));
}
