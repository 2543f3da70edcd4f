namespace MeteringGateway.Core;

/// <summary>Figures of quality and series as bytes: a section of a snapshot.</summary>
internal static class MeasuresWire
{
    public static void Write(Writer to, Measures value)
    {
        to.List(value.Periods, (w, period) =>
        {
            w.Date(period.Key);
            Write(w, period.Value.All);
            w.List(period.Value.Types, (w, type) => { w.Text(type.Key); Write(w, type.Value); });
        });
        value.Contacts.Write(to);
        value.Series.Write(to);
    }

    public static Measures Read(ref Reader from)
    {
        var value = new Measures();
        foreach (var (id, all, types) in from.List((ref r) =>
            (r.Date(), ReadTallies(ref r), r.List((ref r) => (Values.Shared(ref r), ReadTallies(ref r))))))
        {
            var period = value.Periods[id] = new PeriodQuality { All = all };
            foreach (var (type, tallies) in types) period.Types[type] = tallies;
        }
        value.Contacts.Read(ref from);
        value.Series.Read(ref from);
        return value;
    }

    /// <summary>A sum that may be beyond 64 bits.</summary>
    public static void Write(Writer to, Int128 value)
    {
        to.Fixed((ulong)(UInt128)value);
        to.Number((long)(value >> 64));
    }

    public static Int128 ReadWide(ref Reader from)
    {
        var low = from.Fixed();
        return ((Int128)from.Number() << 64) | low;
    }

    private static void Write(Writer to, Tallies value)
    {
        var counted = Enumerable.Range(0, Tallies.Measures).Where(at => value[(Mark)at] != 0).ToArray();
        to.List(counted, (w, at) => { w.Byte((byte)at); w.Number(value[(Mark)at]); });
        to.List(value.Forgiven?.ToArray() ?? [],
            (w, one) => { w.Byte((byte)one.Key); w.Number(one.Value.Units); Write(w, one.Value.Micros); });
    }

    private static Tallies ReadTallies(ref Reader from)
    {
        var value = new Tallies();
        foreach (var (measure, count) in from.List((ref r) => ((Mark)r.Byte(), r.Number()))) value[measure] = count;
        foreach (var (reason, forgiven) in from.List((ref r) =>
            ((Reason)r.Byte(), new Forgiven(r.Number(), ReadWide(ref r))))) value.Forgive(reason, forgiven);
        return value;
    }
}
