using System.Text;

namespace MeteringGateway.Core.Tests;

/// <summary>The members by which an event is recognised (I1; 0001, 23), as text.</summary>
internal static class EventText
{
    public static string Of(Command.Event happened)
    {
        var time = happened is Command.ReportFact { IsVerdict: true } ? null : happened.Time; // O8
        var common =
            $"{happened.GetType().Name}|{time}|{happened.Session}|{happened.Dimensions.Agent}|{happened.Dimensions.Channel}|{happened.Dimensions.Workflow}";
        return happened switch
        {
            Command.ReportOutcome report =>
                $"{common}|{report.OutcomeType}|{report.OutcomeId}|{report.Quantity}|{report.Result}|{report.Reservation}|"
                + $"{string.Join(',', report.CriteriaMet)}|{report.HandedOff}|{report.Sandbox}|{report.Verification}",
            Command.ReportFact fact => $"{common}|{fact.OutcomeId}|{fact.Kind}|{fact.Verification}|{fact.Csat}",
            Command.ReportActivity activity => $"{common}|{activity.Activity}|{activity.Quantity}|{activity.HandedOff}",
            _ => throw new ArgumentOutOfRangeException(nameof(happened)),
        };
    }

    /// <summary>64 bits of FNV-1a over the text.</summary>
    public static T Fingerprinted<T>(T happened) where T : Command.Event
    {
        var hash = 14695981039346656037UL;
        foreach (var octet in Encoding.UTF8.GetBytes(Of(happened))) hash = unchecked((hash ^ octet) * 1099511628211UL);
        return (T)(happened with { Fingerprint = hash });
    }
}
