using Microsoft.AspNetCore.Builder;

namespace MeteringGateway.Demo;

/// <summary>What the story is played on: it is started for the demo.</summary>
internal abstract class Venue : IAsyncDisposable
{
    /// <summary>Where it listens; whichever is asked, the answer is the same.</summary>
    public abstract IReadOnlyList<string> Urls { get; }

    /// <summary>Of its administrator.</summary>
    public string AdminKey { get; } = "demo-" + Guid.NewGuid().ToString("N");

    /// <summary>What it is, in words.</summary>
    public abstract string Description { get; }

    /// <summary>What happens to it in the middle of the story: as a rule, nothing.</summary>
    public virtual Task Trouble(Stage stage, CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>What is begun, told at once: it takes some seconds.</summary>
    public abstract string Beginning { get; }

    /// <summary>The story is over: its store stays. The directory of all that does; null where none does.</summary>
    public virtual string? Keep() => null;

    /// <exception cref="CommandException">It could not start.</exception>
    public abstract Task Start(CancellationToken cancellation);

    /// <summary>Findings of its own, for the end.</summary>
    public virtual IEnumerable<(bool True, string What)> Findings => [];

    public abstract ValueTask DisposeAsync();

    protected async Task Ready(CancellationToken cancellation)
    {
        foreach (var url in Urls)
        {
            using var anyone = new Client(key: null, url);
            while (!(await anyone.Send(HttpMethod.Get, "/health/ready", null, cancellation)).Good)
                await Task.Delay(20, cancellation);
        }
    }
}

/// <summary>
/// A gateway in this process, over a directory of its own, which stays when the story has come to its end: whoever saw
/// it may look further.
/// </summary>
internal sealed class OneGateway : Venue
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("metering-demo-");
    private WebApplication? _app;
    private bool _isOver;

    /// <summary>Within what is left: its keys are beside the store, and go with it.</summary>
    public static string StoreIn(string left) => Path.Combine(left, "store");

    public override IReadOnlyList<string> Urls => [_app!.Urls.First()];
    public override string Description => $"a gateway listens on {Urls[0]}";
    public override string Beginning => "A gateway, three tenants and nine agents are started ...";

    public override string? Keep()
    {
        _isOver = true;
        return _directory.FullName;
    }

    public override async Task Start(CancellationToken cancellation)
    {
        _app = await Gateway.Start(
        [
            "--urls=http://127.0.0.1:0", $"--Metering:AdminKey={AdminKey}",
            $"--Metering:DataDirectory={StoreIn(_directory.FullName)}", $"--{Gateway.Redis}=",
            "--Metering:Console:LinkTime=01:00:00", // whoever runs a demo has something else to do, too
        ], quiet: true, cancellation);
        await Ready(cancellation);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
        if (!_isOver) _directory.Delete(recursive: true);
    }
}
