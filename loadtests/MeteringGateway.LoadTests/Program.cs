using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Campaigns;
using MeteringGateway.LoadTests.Rows;
using MeteringGateway.LoadTests.Scenarios;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Silos;

// Servers that the tests themselves start, as processes of their own.
if (args is ["empty-server"])
{
    EmptyServer.Run();
    return 0;
}
if (args is ["outbox", var file, var address, var key, var tenant, var first])
    return await OutboxWriter.Run(file, address, key, tenant, first);
if (args is ["agent", var folder, var at, var brokers, var count, var pace])
    return await KilledAgent.Run(folder, at, brokers, count, pace);
if (args is ["consume", var from, .. var numbers]) return BareConsumer.Run(from, [.. numbers.Select(int.Parse)]);
if (args is ["serve", ..]) return await HostedServer.Run(args[1..]);
if (Options.Parse(args) is not { } options)
{
    Console.Error.WriteLine(Options.Usage);
    return 2;
}
if (options.Command is not "month-end" && !File.Exists(options.MeteringDll))
{
    Console.Error.WriteLine(
        $"There is no {options.MeteringDll}: build src/MeteringGateway first, or name it with --metering.");
    return 2;
}
if (options.OfSilos && RedisServer.Installed is null)
{
    Console.Error.WriteLine("redis-server is not installed (Debian: apt-get install redis-server).");
    return 2;
}
if (options.IsTable) return await Table.Run(options);
switch (options.Command)
{
    case "crash":
        return (await CrashCampaign.Run(options.Rounds, options.Seed, options.MeteringDll, Console.Out)).Passed ? 0 : 1;
    case "syscalls":
        if (SyscallCampaign.WhyNot() is { } whyNot)
        {
            Console.Error.WriteLine(whyNot);
            return 2;
        }
        return (await new SyscallCampaign(options.MeteringDll, options.Operations, options.Every, options.Only,
            Console.Out).Run()).Failures.Count == 0 ? 0 : 1;
    case "log" when options.File is not null:
        return await LogCampaign.Run(options.File, options.MeteringDll, options.Seed, Console.Out) is not null ? 0 : 1;
    case "scenario" when options.File is not null:
        await ScenarioRun.Run(options, options.File, options.Times, Console.Out);
        return 0;
    case "pause":
        await new PauseCampaign(options, Console.Out).Run();
        return 0;
    case "agents-kill":
        return (await AgentsKill.Run(options.Rounds, options.Outcomes, options.Seed, options.MeteringDll, Console.Out))
            .Passed ? 0 : 1;
    case "month-end":
        MonthEnd.Run(options.Outcomes, Console.Out);
        return 0;
    case "cluster-faults" or "cluster-rolling" or "cluster-figures" or "cluster-memory":
        return await SiloCommands.Run(options);
    default:
        Console.Error.WriteLine(Options.Usage);
        return 2;
}
