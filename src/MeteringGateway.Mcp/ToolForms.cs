using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace MeteringGateway.Mcp;

/// <summary>How tools are told to a model: what each is for, and its arguments as JSON Schema.</summary>
internal static class ToolForms
{
    private const string TenantMember = """
        "tenant": {"type": "string", "description": "The customer's account. May be left out if your key is for one."}
        """;

    private const string WhereMembers = """
        "agent": {"type": "string", "description": "Your own name, as the account knows you"},
        "channel": {"type": "string", "description": "Where the conversation is, such as chat, email or phone"},
        "workflow": {"type": "string", "description": "What kind of task it is"},
        "session": {"type": "string", "description": "The conversation or case that this is part of"}
        """;

    public static readonly ModelContextProtocol.Protocol.Tool CheckAllowance = Form("check_allowance",
        "May I act?",
        "Ask before you act whether the customer's limits allow it. Nothing is counted. decision is allow, pause "
        + "(stop, and say so) or handoff (pass the task to whom handoff.to names, with handoff.message). remaining "
        + "says how many more are allowed, null if nothing limits them; retry_at when a refusal ends by itself.",
        isReadOnly: true, $$$"""
        {"type": "object", "additionalProperties": false, "properties": {
          {{{TenantMember}}},
          "outcome_type": {"type": "string", "description": "What you want to achieve, such as support.resolution"},
          "activity": {"type": "string", "description": "In place of outcome_type: an attempt, such as conversation"},
          "quantity": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 1},
          {{{WhereMembers}}}
        }}
        """);

    public static readonly ModelContextProtocol.Protocol.Tool ReportOutcome = Form("report_outcome",
        "Report what was achieved",
        "Report an outcome when it is achieved, or when it ended otherwise (result). The customer may be charged for a "
        + "success, so report each once: outcome_id identifies it, and the same id again is answered duplicate and not "
        + "counted. status pending means that it is settled later, when its measurement window has closed.",
        isReadOnly: false, $$$"""
        {"type": "object", "additionalProperties": false, "required": ["outcome_type", "outcome_id"], "properties": {
          {{{TenantMember}}},
          "outcome_type": {"type": "string", "description": "What was achieved, such as support.resolution"},
          "outcome_id": {"type": "string", "maxLength": 256,
            "description": "An id of its own for this outcome, such as the conversation's id"},
          "quantity": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 1},
          "result": {"type": "string", "default": "success",
            "description": "success, or how it ended, such as escalated, abandoned, failed or no_show"},
          "success_criteria_met": {"type": "array", "items": {"type": "string"},
            "description": "Names of the agreed criteria that were met"},
          "handed_off": {"type": "boolean", "description": "A human took part"},
          "reservation": {"type": "string", "description": "The id of units that were held for it"},
          "end_customer": {"type": "string", "description": "Whom it was done for; can be erased later"},
          {{{WhereMembers}}}
        }}
        """);

    public static readonly ModelContextProtocol.Protocol.Tool Usage = Form("usage",
        "What was used",
        "What the customer has used in a billing period, what is left under each limit, what it comes to in money, and "
        + "where it leads by the period's end (forecast). Amounts are decimal strings in the customer's currency.",
        isReadOnly: true, $$$"""
        {"type": "object", "additionalProperties": false, "properties": {
          {{{TenantMember}}},
          "period": {"type": "string", "format": "date",
            "description": "The day on which the period began, such as 2026-11-01; the one that runs now if left out"}
        }}
        """);

    private static ModelContextProtocol.Protocol.Tool Form(string name, string title, string description,
        bool isReadOnly, string schema) => new()
    {
        Name = name,
        Title = title,
        Description = description,
        InputSchema = JsonDocument.Parse(schema).RootElement,
        Annotations = new ToolAnnotations
        {
            ReadOnlyHint = isReadOnly, IdempotentHint = true, DestructiveHint = false, OpenWorldHint = false,
        },
    };
}
