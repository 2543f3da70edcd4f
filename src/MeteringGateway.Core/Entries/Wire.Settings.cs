namespace MeteringGateway.Core;

/// <summary>The stored form of changes that are to come.</summary>
internal static class SettingWire
{
    public static void Write(Writer to, Scheduled value)
    {
        to.Text(value.Id); to.Time(value.EffectiveAt); Write(to, value.Setting);
    }

    public static Scheduled ReadScheduled(ref Reader from) => new(from.Text(), from.Time(), Read(ref from));

    public static void Write(Writer to, Setting value)
    {
        switch (value)
        {
            case Setting.Plan plan: to.Byte(1); Values.Write(to, plan.Ref); TermsWire.Write(to, plan.Terms); break;
            case Setting.Zone zone: to.Byte(2); to.Text(zone.Id); break;
            case Setting.AnchorDay anchor: to.Byte(3); to.Number(anchor.Day); break;
            case Setting.Capped capped: to.Byte(4); Values.Write(to, capped.Cap); break;
            default: throw new ArgumentException($"a {value.GetType().Name} is not kept", nameof(value));
        }
    }

    public static Setting Read(ref Reader from) => from.Byte() switch
    {
        1 => new Setting.Plan(Values.ReadPlanRef(ref from), TermsWire.Read(ref from)),
        2 => new Setting.Zone(Values.Shared(ref from)),
        3 => new Setting.AnchorDay(from.Int()),
        4 => new Setting.Capped(Values.ReadCap(ref from)),
        var kind => throw new FormatException($"a setting of kind {kind} is not known"),
    };
}
