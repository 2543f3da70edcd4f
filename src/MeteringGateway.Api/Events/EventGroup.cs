using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Events;

/// <summary>
/// Events that are decided together: one turn and one flush for each tenant among them, all tenants at once, and in each the
/// order in which they came.
/// </summary>
internal sealed class EventGroup(ITenants tenants, Principal caller)
{
    public const int Most = 500;

    private readonly List<ReadEvent> events = [];
    private readonly List<Answer?> answers = [];
    private readonly List<Problem?> problems = [];

    public int Count => events.Count;

    public void Add(in ReadEvent read)
    {
        events.Add(read);
        answers.Add(null);
        problems.Add(read.Problem ?? Refuse(read));
    }

    /// <summary>What became of each event, once <see cref="Execute"/> is done.</summary>
    public (string? Id, Answer.Accepted? Accepted, Problem? Problem) Result(int index) => answers[index] switch
    {
        Answer.Accepted accepted => (events[index].Id, accepted, null),
        Answer.Refused refused => (events[index].Id, null, refused.ToProblem()),
        null => (events[index].Id, null, problems[index]),
        var other => throw other.Unexpected(),
    };

    public async Task Execute(CancellationToken cancellation)
    {
        var turns = ByTenant().Select(group => ExecuteOne(group.Key, group.Value, cancellation)).ToList();
        if (turns.Count == 1) await turns[0];
        else await Task.WhenAll(turns);
    }

    private Problem? Refuse(in ReadEvent read)
    {
        if (!Json.Ids.IsId(read.Tenant) || !caller.MaySee(read.Tenant!)) return Problem.UnknownTenant();
        var needed = read.Command is Command.ReportFact { Kind: FactKind.VerdictAccepted or FactKind.VerdictRejected }
            ? Permission.VerdictsWrite
            : Permission.EventsWrite;
        return caller.May(needed)
            ? null
            : new Problem(StatusCodes.Status403Forbidden, "forbidden", $"The key lacks the permission {Permissions.Names(needed)[0]}.");
    }

    private Dictionary<string, List<int>> ByTenant()
    {
        var groups = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        for (var i = 0; i < events.Count; i++)
        {
            if (problems[i] is not null) continue;
            if (!groups.TryGetValue(events[i].Tenant!, out var members)) groups[events[i].Tenant!] = members = [];
            members.Add(i);
        }
        return groups;
    }

    private async Task ExecuteOne(string tenant, List<int> members, CancellationToken cancellation)
    {
        var commands = new Command[members.Count];
        for (var i = 0; i < commands.Length; i++) commands[i] = events[members[i]].Command!;
        var decided = await tenants.Execute(tenant, commands, cancellation);
        for (var i = 0; i < commands.Length; i++) answers[members[i]] = decided[i];
    }
}
