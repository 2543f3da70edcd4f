namespace MeteringGateway.Core.Tests.Histories;

/// <summary>Grants by the label of who bought them; the others by kind and number, such as <c>plan-2</c>.</summary>
internal sealed class GrantNames
{
    private readonly Dictionary<string, string> _ids = [];

    public void Take(IEnumerable<Entry> entries, string? label)
    {
        foreach (var issued in entries.OfType<Entry.GrantIssued>())
        {
            var bought = issued.Kind is GrantKind.TopUp or GrantKind.Promotional ? label : null;
            var kind = issued.Kind.ToString().ToLowerInvariant();
            _ids[bought
                ?? $"{kind}-{1 + _ids.Keys.Count(name => name.StartsWith(kind + "-", StringComparison.Ordinal))}"] =
                    issued.Grant;
        }
    }

    public Command Labelled(Command command) =>
        command is Command.VoidGrant gone ? gone with { Grant = _ids.GetValueOrDefault(gone.Grant, gone.Grant) }
            : command;
}
