using System.Globalization;
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
    Console.Error.WriteLine(
        $"There is no {settings.SiloDll}: build src/MeteringGateway first, or name it with --silo.");
    return 2;
}
if (RedisServer.Installed is null)
{
    Console.Error.WriteLine("redis-server is not installed (Debian: apt-get install redis-server).");
    return 2;
}
try
{
    return await Run(settings);
}
#pragma warning disable CA1031 // Caught, so that the servers that were started are ended.
catch (Exception e)
#pragma warning restore CA1031
{
    Console.Error.WriteLine(e);
    return 1;
}

static async Task<int> Run(Settings settings)
{
    switch (settings.Command)
    {
        case "campaign":
            return (await new ClusterCampaign(settings.Rounds, settings.Seed, settings.SiloDll, Console.Out)
                .Run()).Failures.Count == 0 ? 0 : 1;
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
}

static async Task Measure(Settings settings)
{
    Console.WriteLine(settings.Machine);
    var rows = new List<Row>();
    void Add(params IEnumerable<Row> measured)
    {
        foreach (var row in measured)
        {
            rows.Add(row);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{row.Figure}: {row.Median:0.00}; {string.Join("; ", row.Details)}"));
        }
    }
    if (settings.Wants("editions")) Add(await EditionRows.Measure(settings));
    if (settings.Wants("grain")) Add(await GrainRows.Measure(settings));
    if (settings.Wants("reports")) Add(await ReportRows.OverHttp(settings), await ReportRows.InThisProcess(settings));
    if (settings.Wants("scale")) Add(await ScaleRows.Measure(settings));
    if (settings.Wants("failover")) Add(await FailoverRows.Measure(settings));
    var report = new Report(settings.Machine, DateTime.UtcNow, rows);
    Console.WriteLine(report.Table());
    report.WriteJson(settings.Json);
    if (settings.Write is not null) report.WriteInto(settings.Write, "cluster-loadtests");
}
