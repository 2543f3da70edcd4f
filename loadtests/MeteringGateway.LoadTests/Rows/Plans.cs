namespace MeteringGateway.LoadTests.Rows;

internal static class Plans
{
    /// <summary>
    /// One outcome type, one cap that is never reached: every event is recognised, admitted and counted.
    /// </summary>
    public const string Load = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT72H"}],
         "caps":[{"id":"monthly","limit":{"units":100000000000},"at_limit":{"action":"handoff","to":"queue:tier1"}}]}
        """;
}
