using System.Globalization;

namespace MeteringGateway.LoadTests.Silos.Campaign;

/// <summary>What a campaign came to.</summary>
internal sealed class Totals
{
    public int Rounds { get; set; }
    public int Kills { get; set; }
    public int RedisKills { get; set; }
    public int Pauses { get; set; }

    /// <summary>Frozen silos that ended by themselves when they went on.</summary>
    public int EndedThemselves { get; set; }

    /// <summary>
    /// Of <see cref="Pauses"/>: how many frozen silos could be asked, after they went on, what they had counted.
    /// </summary>
    public int AskedAfterwards { get; set; }

    public long Acknowledged { get; set; }
    public long InFlight { get; set; }
    public long Events { get; set; }
    public long Entries { get; set; }
    public long Signals { get; set; }
    public long Snapshots { get; set; }
    public long Reservations { get; set; }

    /// <summary>Appends that were refused: of the frozen silos, and of all.</summary>
    public long RefusedLate { get; set; }
    public long Refused { get; set; }
    public long Unknown { get; set; }

    /// <summary>Seconds to the next answer, by the kind of fault, one for each tenant that was struck.</summary>
    public Dictionary<Fault, List<double>> Failovers { get; } = Enum.GetValues<Fault>()
        .ToDictionary(fault => fault, _ => new List<double>());

    public List<string> Failures { get; } = [];

    public IEnumerable<string> Lines()
    {
        yield return Text(
            $"{Rounds} rounds: {Kills} silos killed, {RedisKills} times Redis killed, {Pauses} silos frozen ({EndedThemselves} ended by themselves when they went on)");
        yield return Text(
            $"{Events:N0} events, {Acknowledged:N0} acknowledged and {InFlight:N0} in flight at the faults; {Reservations:N0} reservations; {Entries:N0} entries and {Signals:N0} signals compared; {Snapshots:N0} tenants also from a snapshot");
        yield return Text(
            $"appends that came too late and were refused: {RefusedLate} of frozen silos ({AskedAfterwards} of {Pauses} could be asked afterwards), {Refused} in all; {Unknown} appends without an answer");
        foreach (var (fault, seconds) in Failovers)
            if (seconds.Count > 0)
                yield return Text(
                    $"{Name(fault)} to the next answer, {seconds.Count} tenants: median {Statistics.Median(seconds):0.00} s, worst {seconds.Max():0.00} s");
        yield return Failures.Count == 0 ? "nothing lost, nothing twice, no cap passed"
            : Text($"FAILED: {Failures.Count}");
    }

    private static string Name(Fault fault) => fault switch
    {
        Fault.KillSilo => "silo killed",
        Fault.KillRedis => "Redis killed",
        _ => "silo frozen",
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

internal enum Fault { KillSilo, KillRedis, FreezeSilo }
