using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Outcomes;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Events;

/// <summary>
/// Events that are decided together: one turn and one flush for each tenant among them, all tenants at once, and in
/// each the order in which they came.
/// </summary>
/// <param name="isPart">Of an answer that has begun: what cannot be decided is told of each event, as the answer can no
/// longer be a problem as a whole.</param>
internal sealed class EventGroup(ITenants tenants, Principal caller, RefusedEvents refused, bool isPart = false)
{
    public const int Most = 500;

    private readonly List<ReadEvent> _events = [];
    private readonly List<Answer?> _answers = [];
    private readonly List<Problem?> _problems = [];
    private Dictionary<int, string>? _undisputed;

    public int Count => _events.Count;

    public void Add(in ReadEvent read)
    {
        _events.Add(read);
        _answers.Add(null);
        var problem = read.Problem ?? Refuse(read);
        if (problem is not null) ApiInstruments.Unrecognised(problem.Code);
        _problems.Add(problem);
    }

    /// <summary>What became of each event, once <see cref="Execute"/> is done.</summary>
    public (string? Id, Answer.Accepted? Accepted, Problem? Problem) Result(int index) => _answers[index] switch
    {
        Answer.Accepted accepted => (_events[index].Id, accepted, null),
        Answer.Refused { Code: Refusal.UnknownTenant } =>
            (_events[index].Id, null, Problem.UnknownSubject(_events[index].Tenant)),
        Answer.Refused refused => (_events[index].Id, null, refused.ToProblem()),
        null => (_events[index].Id, null, _problems[index]),
        var other => throw other.Unexpected(),
    };

    /// <summary>Why a buyer's rejection came to nothing; null: it did not, or the event is none.</summary>
    public string? NoDispute(int index) => _undisputed?.GetValueOrDefault(index);

    public async Task Execute(CancellationToken cancellation)
    {
        var turns = ByTenant().Select(group => ExecuteOne(group.Key, group.Value, cancellation)).ToList();
        if (turns.Count == 1) await turns[0];
        else await Task.WhenAll(turns);
        TellRefused();
    }

    private void TellRefused()
    {
        Dictionary<string, int>? codes = null;
        for (var i = 0; i < _events.Count; i++)
        {
            if (_answers[i] is Answer.Accepted || Result(i).Problem is not { } problem) continue;
            codes ??= new(StringComparer.Ordinal);
            codes[problem.Code] = codes.GetValueOrDefault(problem.Code) + 1;
        }
        foreach (var (code, events) in codes ?? []) refused.Note(caller, code, events);
    }

    private Problem? Refuse(in ReadEvent read)
    {
        if (!Json.Ids.IsId(read.Tenant) || !caller.MaySee(read.Tenant!))
            return Problem.UnknownSubject(read.Tenant);
        var needed = read.Command is Command.ReportFact { Kind: FactKind.VerdictAccepted or FactKind.VerdictRejected }
            ? Permission.VerdictsWrite
            : Permission.EventsWrite;
        return caller.May(needed) ? null : Problem.Forbidden(needed);
    }

    private Dictionary<string, List<int>> ByTenant()
    {
        var groups = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        for (var i = 0; i < _events.Count; i++)
        {
            if (_problems[i] is not null) continue;
            if (!groups.TryGetValue(_events[i].Tenant!, out var members)) groups[_events[i].Tenant!] = members = [];
            members.Add(i);
        }
        return groups;
    }

    private async Task ExecuteOne(string tenant, List<int> members, CancellationToken cancellation)
    {
        var commands = new Command[members.Count];
        for (var i = 0; i < commands.Length; i++) commands[i] = _events[members[i]].Command!;
        try
        {
            var decided = await tenants.Execute(tenant, commands, cancellation);
            for (var i = 0; i < commands.Length; i++) _answers[members[i]] = decided[i];
            await Undisputed(tenant, members, cancellation);
        }
        catch (TenantFailedException failed)
        {
            Refuse(members, Problem.TenantUnavailable(failed.RetryAfter));
        }
        // What its neighbours, and those before it, were told is durable, and must reach them.
        catch (TenantUnavailableException) when (isPart || _events.Count > members.Count)
        {
            Refuse(members, Problem.Unavailable());
        }
        catch (StoreFullException) when (isPart || _events.Count > members.Count)
        {
            Refuse(members, Problem.NoRoom());
        }
    }

    private async Task Undisputed(string tenant, List<int> members, CancellationToken cancellation)
    {
        foreach (var at in members)
        {
            if (_events[at].Command is not Command.ReportFact { Kind: FactKind.VerdictRejected } verdict
                || _answers[at] is not Answer.Accepted
                || await tenants.Outcome(tenant, verdict.OutcomeId, cancellation) is not { } row
                || OutcomeFigures.NoDispute(row.Outcome) is not { } why) continue;
            // Tenants are decided at once.
            lock (_answers) (_undisputed ??= [])[at] = why;
        }
    }

    private void Refuse(List<int> members, Problem problem)
    {
        foreach (var at in members) _problems[at] = problem;
    }
}
