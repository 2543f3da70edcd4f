namespace MeteringGateway.Api.Tests.Support;

/// <summary>CloudEvents for tests.</summary>
public static class Report
{
    /// <summary>A success.</summary>
    public static string Outcome(string id, string tenant, string data = "") => Event(
        "outcome.reported", id, tenant,
        """ "outcome_type":"support.resolution" """ + (data.Length > 0 ? "," + data : ""));

    public static string Event(string type, string id, string tenant, string data) =>
        $$"""{"specversion":"1.0","id":"{{id}}","source":"/helpdesk","type":"{{type}}","subject":"{{tenant}}","data":{ {{data}} } }""";
}
