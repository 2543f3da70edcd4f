using MeteringGateway.ClusterLoadTests;
using MeteringGateway.ClusterLoadTests.Campaign;
using MeteringGateway.ClusterLoadTests.Figures;
using MeteringGateway.ClusterLoadTests.Memory;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

if (args is ["serve", ..]) return await HostedSilo.Run(args[1..]);
if (Settings.Parse(args) is not { } settings)
{
    Console.Error.WriteLine(Settings.Usage);
    return 2;
}
if (!File.Exists(settings.SiloDll))
{
    Console.Error.WriteLine($"There is no {settings.SiloDll}: build src/MeteringGateway.Cluster first, or name it with --silo.");
    return 2;
}
if (RedisServer.Installed is null)
{
    Console.Error.WriteLine("redis-server is not installed (Debian: apt-get install redis-server).");
    return 2;
}
switch (settings.Command)
{
    case "campaign":
        return (await new ClusterCampaign(settings.Rounds, settings.Seed, settings.SiloDll, Console.Out).Run()).Failures.Count == 0 ? 0 : 1;
    case "figures":
        await Measure(settings);
        return 0;
    case "memory":
        using (var run = new MemoryRun(settings, Console.Out)) await run.Run();
        return 0;
    default:
        Console.Error.WriteLine(Settings.Usage);
        return 2;
}

static async Task Measure(Settings settings)
{
    Console.WriteLine(settings.Machine);
    var rows = new List<Row>();
    if (settings.Wants("grain")) rows.AddRange(await GrainRows.Measure(settings));
    if (settings.Wants("reports")) rows.AddRange([await ReportRows.OverHttp(settings), await ReportRows.InThisProcess(settings)]);
    if (settings.Wants("scale")) rows.AddRange(await ScaleRows.Measure(settings));
    if (settings.Wants("failover")) rows.AddRange(await FailoverRows.Measure(settings));
    var report = new Report(settings.Machine, DateTime.UtcNow, rows);
    Console.WriteLine(report.Table());
    report.WriteJson(settings.Json);
    if (settings.Write is not null) report.WriteInto(settings.Write, "cluster-loadtests");
}
