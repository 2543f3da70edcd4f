namespace MeteringGateway.Core;

/// <summary>What a series is grouped by (Q3). The numbers are stored.</summary>
public enum SeriesGroup : byte { OutcomeType = 0, Agent = 1, Channel = 2, Workflow = 3 }

/// <summary>Units reported and settled, and what the settled ones come to at the list price, in millionths.</summary>
internal record struct Cell(long Reported, long Settled, Int128 Listed)
{
    public void Add(in Cell more)
    {
        Reported += more.Reported;
        Settled += more.Settled;
        Listed += more.Listed;
    }
}

/// <summary>
/// Usage by hour (UTC) and by local day, each by outcome type, agent, channel and workflow (Q3). Bounded: hours and
/// days are dropped when they are old, and of each group's values the first are told apart, the others are one.
/// </summary>
internal sealed class Series
{
    /// <summary>How far before the open period's start hours are kept.</summary>
    public static readonly TimeSpan HoursKept = TimeSpan.FromDays(35);

    /// <summary>How many days before the open period's start days are kept: 13 months.</summary>
    public const int DaysKept = 396;

    /// <summary>Values of a group that are told apart; outcome types are bounded by plans.</summary>
    public const int MostValues = 50;
    public const int MostTypes = 200;

    private const int Groups = 4;
    private const int NoValue = 0;
    private const int Others = 1;
    private const long Hour = 3_600_000;

    private readonly Dictionary<string, int>[] _places = new Dictionary<string, int>[Groups];
    private readonly SortedDictionary<int, Row> _hours = [];
    private readonly SortedDictionary<int, Row> _days = [];
    private (int Key, Row Row)? _lastHour;
    private (int Key, Row Row)? _lastDay;
    private (string Type, int Place)? _lastType;

    /// <summary>One hour or day.</summary>
    private sealed class Row
    {
        public Cell[][] Groups { get; } = [[], [], [], []];

        public void Add(int group, int place, in Cell more)
        {
            ref var cells = ref Groups[group];
            if (cells.Length <= place) Array.Resize(ref cells, place + 1);
            cells[place].Add(more);
        }
    }

    public static int HourOf(Instant time) =>
        (int)(time.UnixMilliseconds >= 0 ? time.UnixMilliseconds / Hour : ~(~time.UnixMilliseconds / Hour));

    public static Instant StartOf(int hour) => new(hour * Hour);

    public static int FirstHour(Period open) => HourOf(open.Start - HoursKept);

    public static int FirstDay(Period open) => open.Id.DayNumber - DaysKept;

    /// <param name="day">Number of the local day.</param>
    /// <param name="open">The open period: what is older than is kept before it is not counted.</param>
    public void Add(Outcome outcome, int day, Period open, in Cell more)
    {
        if (more == default) return;
        var hour = HourOf(outcome.Time);
        var hours = hour >= FirstHour(open) ? RowOf(_hours, hour, ref _lastHour) : null;
        var days = day >= FirstDay(open) ? RowOf(_days, day, ref _lastDay) : null;
        if (hours is null && days is null) return;
        for (var group = 0; group < Groups; group++)
        {
            var place = group == 0 ? PlaceOfType(outcome.Type)
                : PlaceOf(group, ValueOf(outcome, (SeriesGroup)group));
            hours?.Add(group, place, more);
            days?.Add(group, place, more);
        }
    }

    /// <summary>A period has begun.</summary>
    public void Trim(Period open)
    {
        Trim(_hours, FirstHour(open));
        Trim(_days, FirstDay(open));
        (_lastHour, _lastDay) = (null, null);
    }

    /// <summary>Hours (or days) from the first to before the last in which anything was counted, in order.</summary>
    /// <param name="byHour">False: by day, whose numbers these are.</param>
    public List<(int At, List<(string? Value, bool Others, Cell Cell)> Cells)> Read(bool byHour, int from, int to,
        SeriesGroup by)
    {
        var names = new Dictionary<int, string>();
        foreach (var (name, place) in _places[(int)by] ?? []) names[place] = name;
        var read = new List<(int, List<(string?, bool, Cell)>)>();
        foreach (var (at, row) in byHour ? _hours : _days)
        {
            if (at < from || at >= to) continue;
            var cells = row.Groups[(int)by].Select((cell, place) =>
                (names.GetValueOrDefault(place), place == Others, cell)).Where(one => one.cell != default).ToList();
            if (cells.Count > 0) read.Add((at, cells));
        }
        return read;
    }

    private static string? ValueOf(Outcome outcome, SeriesGroup by) => by switch
    {
        SeriesGroup.OutcomeType => outcome.Type,
        SeriesGroup.Agent => outcome.Dimensions.Agent,
        SeriesGroup.Channel => outcome.Dimensions.Channel,
        _ => outcome.Dimensions.Workflow,
    };

    /// <summary>Most entries are of the type of the one before.</summary>
    private int PlaceOfType(string type)
    {
        if (_lastType is not { } last || last.Type != type) _lastType = last = (type, PlaceOf(0, type));
        return last.Place;
    }

    private int PlaceOf(int group, string? value)
    {
        if (value is null) return NoValue;
        var places = _places[group] ??= new(StringComparer.Ordinal);
        if (places.TryGetValue(value, out var place)) return place;
        if (places.Count >= ((SeriesGroup)group == SeriesGroup.OutcomeType ? MostTypes : MostValues)) return Others;
        return places[value] = places.Count + Others + 1;
    }

    private static Row RowOf(SortedDictionary<int, Row> rows, int key, ref (int Key, Row Row)? last)
    {
        if (last is { } known && known.Key == key) return known.Row;
        if (!rows.TryGetValue(key, out var row)) rows[key] = row = new Row();
        last = (key, row);
        return row;
    }

    private static void Trim(SortedDictionary<int, Row> rows, int first)
    {
        foreach (var old in rows.Keys.TakeWhile(key => key < first).ToArray()) rows.Remove(old);
    }

    public void Write(Writer to)
    {
        for (var group = 0; group < Groups; group++)
            to.List((_places[group] ?? []).OrderBy(one => one.Value).ToArray(), (w, one) => w.Text(one.Key));
        Write(to, _hours);
        Write(to, _days);
    }

    public void Read(ref Reader from)
    {
        for (var group = 0; group < Groups; group++)
            foreach (var name in from.List(Values.Shared)) PlaceOf(group, name);
        Read(ref from, _hours);
        Read(ref from, _days);
    }

    private static void Write(Writer to, SortedDictionary<int, Row> rows) =>
        to.List(rows.Where(row => row.Value.Groups.Any(cells => cells.Any(cell => cell != default))).ToArray(),
            (w, row) =>
            {
                w.Number(row.Key);
                foreach (var cells in row.Value.Groups)
                    w.List(cells.Select((cell, place) => (place, cell)).Where(one => one.cell != default).ToArray(),
                        (w, one) =>
                        {
                            w.Number(one.place); w.Number(one.cell.Reported); w.Number(one.cell.Settled);
                            MeasuresWire.Write(w, one.cell.Listed);
                        });
            });

    private static void Read(ref Reader from, SortedDictionary<int, Row> rows)
    {
        for (var left = from.Unsigned(); left > 0; left--)
        {
            var row = rows[from.Int()] = new Row();
            for (var group = 0; group < Groups; group++)
                foreach (var (place, cell) in from.List((ref r) =>
                    (r.Int(), new Cell(r.Number(), r.Number(), MeasuresWire.ReadWide(ref r)))))
                    row.Add(group, place, cell);
        }
    }
}
