using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>A gateway on a directory of its own, with the plan and the tenants of a row; all gone when disposed.</summary>
internal sealed class Bed : IDisposable
{
    private readonly DirectoryInfo _data = System.IO.Directory.CreateTempSubdirectory("metering-load-");
    private readonly Options _options;
    private readonly string _dll;
    private readonly Dictionary<string, string> _settings;

    private Bed(Options options, string dll, Dictionary<string, string> settings)
    {
        (_options, _dll, _settings) = (options, dll, settings);
        // Of the program with signals added, which does not know the switch.
        _settings["METERING__DATADIRECTORY"] = _data.FullName;
        Gateway = Start();
    }

    public GatewayServer Gateway { get; private set; }

    public string Directory => _data.FullName;
    public string Database => Path.Combine(Directory, "metering.db");

    /// <summary>Of all its files.</summary>
    public long BytesOnDisk => _data.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    /// <param name="tenants">How many; see <see cref="Batch.Tenant"/>.</param>
    public static Task<Bed> Start(Options options, int tenants, params (string Name, string Value)[] settings) =>
        Start(options, options.MeteringDll, tenants, settings);

    /// <summary>The same of <see cref="HostedServer"/>, which collects its garbage when it is told to.</summary>
    public static Task<Bed> Hosted(Options options, int tenants, params (string Name, string Value)[] settings) =>
        Start(options, typeof(Bed).Assembly.Location, tenants, settings);

    /// <summary>After its end: the same, over what it had written.</summary>
    public void StartAgain(params (string Name, string Value)[] settings)
    {
        foreach (var (name, value) in settings) _settings[name] = value;
        Gateway.Dispose();
        Gateway = Start();
    }

    /// <summary>Bytes that a hosted one keeps when its garbage is collected.</summary>
    public async Task<long> Resident()
    {
        for (var i = 0; i < 2; i++)
        {
            Gateway.Process.Signal(HostedServer.Collect);
            await Task.Delay(_options.Short ? 200 : 3000);
        }
        return Gateway.Process.ResidentBytes;
    }

    /// <summary>Sends so many batches of events over the first tenants.</summary>
    public void Fill(int tenants, int events)
    {
        var ids = new Counter();
        Batch[] batches = [.. Enumerable.Range(0, 8).Select(_ => Batch.ForGateway(tenants, ids))];
        using var side = Reports(batches);
        Loops.Closed(side.Connections, side.Next, TimeSpan.FromHours(2), events / Batch.Size);
    }

    /// <summary>Batches of events, one after the other on a connection of its own each.</summary>
    public Side Reports(Batch[] batches) => new("gateway", Gateway.Process,
        [.. batches.Select(_ => new HttpConnection(Gateway.Port))], i => batches[i].Next(), Batch.Size);

    public void Dispose()
    {
        Gateway.Dispose();
        _data.Delete(recursive: true);
    }

    private static async Task<Bed> Start(Options options, string dll, int tenants, (string Name, string Value)[] settings)
    {
        var bed = new Bed(options, dll, settings.ToDictionary(one => one.Name, one => one.Value));
        try
        {
            await bed.Gateway.PutPlan("load", Plans.Load);
            var next = 0;
            if (tenants > 100)
            {
                using var side = new Side("", bed.Gateway.Process,
                    [.. Enumerable.Range(0, 16).Select(_ => new HttpConnection(bed.Gateway.Port))],
                    _ => HttpConnection.Format("PUT", $"/v1/tenants/{Batch.Tenant(next++)}", GatewayServer.AdminKey,
                        "application/json", """{"name":"load","plan":"load"}"""u8), 1);
                Loops.Closed(side.Connections, side.Next, TimeSpan.FromHours(1), tenants);
            }
            else
                for (; next < tenants; next++) await bed.Gateway.PutTenant(Batch.Tenant(next), "load");
            return bed;
        }
        catch
        {
            bed.Dispose();
            throw;
        }
    }

    private GatewayServer Start() => GatewayServer.Start(_dll, Directory, _options.Machine.ServerCores,
        settings: _settings);
}
