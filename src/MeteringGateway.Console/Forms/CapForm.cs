namespace MeteringGateway.ConsolePages.Forms;

/// <summary>A cap as it is typed.</summary>
internal static class CapForm
{
    /// <summary>Shows the effect, or sets it; what the API wants to be decided (C6) comes back to the page.</summary>
    public static async Task<string?> Send(Visit visit)
    {
        var (id, cap) = (Id(visit), Typed(visit));
        if (visit.Field("do") != "set") return null;
        var when = visit.Field("when");
        await visit.Send(HttpMethods.Put, $"{visit.Api()}/caps/{Uri.EscapeDataString(id)}",
            new { cap.Scope, cap.Limit, cap.Period, cap.AtLimit, WhenBelowExposure = when });
        return visit.Back(when == "next_period" ? "cap-later" : "cap");
    }

    public static async Task<string?> Remove(Visit visit)
    {
        await visit.Send(HttpMethods.Delete, $"{visit.Api()}/caps/{Uri.EscapeDataString(Id(visit))}");
        return visit.Back("cap-removed");
    }

    public static string Id(Visit visit) => visit.Route("cap") is { Length: > 0 } known ? known
        : visit.Demand("id", "Give the cap a name.");

    /// <exception cref="WrongException">No limit was typed.</exception>
    public static WantedCap Typed(Visit visit)
    {
        var isUnits = visit.Field("unit") == "units";
        if (visit.Typed("limit") is not { } limit)
            throw new WrongException(StatusCodes.Status422UnprocessableEntity, "Enter the limit.");
        var isHandoff = visit.Field("action") == "handoff";
        return new WantedCap(
            Scope(visit),
            isUnits ? new { units = visit.TypedCount("limit", "A limit in units") } : new { amount = limit },
            visit.Field("period") ?? "billing_period",
            new
            {
                action = visit.Field("action") ?? "pause", to = isHandoff ? visit.Field("to") : null,
                message = visit.Field("message"),
            });
    }

    private static object Scope(Visit visit) => new
    {
        outcome_type = visit.Field("outcome_type"), activity = visit.Field("activity"), agent = visit.Field("agent"),
        channel = visit.Field("channel"), workflow = visit.Field("workflow"),
    };
}

/// <summary>As the API reads it.</summary>
internal sealed record WantedCap(object Scope, object Limit, string Period, object AtLimit);
