using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.CompilerServices;
using MeteringGateway.Api;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Webhooks;
using MeteringGateway.Cluster;
using MeteringGateway.Engine;
using Microsoft.Extensions.Configuration;

namespace MeteringGateway;

/// <summary>
/// <c>--data-directory</c> or <c>--redis</c>: which store a command is about. Where neither is given, the settings say
/// it, and every command means the store that <c>serve</c> would.
/// </summary>
internal sealed class StoreOption
{
    private readonly string[] _settings;
    private readonly string _instead;
    private readonly Option<string?> _data = new("--data-directory") { Description =
        "The store in a directory (default ./data, or the setting Metering:DataDirectory)" };
    private readonly Option<string?> _redis = new("--redis") { Description =
        "The store that silos share in a Redis, instead of a directory: host:port[,password=...][,ssl=true] (or the "
            + "setting Metering:Cluster:Redis)" };

    /// <param name="command">Gets both options.</param>
    /// <param name="settings">Of the command line: <c>--Metering:Name=value</c>.</param>
    /// <param name="instead">What may be given in place of a store, in words.</param>
    public StoreOption(Command command, string[] settings, string instead = "")
    {
        CommandLine.MayNotBeEmpty(_data, _redis);
        (_settings, _instead) = (settings, instead);
        command.Add(_data);
        command.Add(_redis);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_data) is not null && result.GetValue(_redis) is not null)
                result.AddError("a store is in a directory or in a Redis: give --data-directory or --redis");
        });
    }

    public bool IsGiven(CommandResult result) =>
        result.GetValue(_data) is not null || result.GetValue(_redis) is not null;

    /// <summary>The command line's settings, with what the two options say.</summary>
    public string[] Settings(ParseResult parsed) => (parsed.GetValue(_data), parsed.GetValue(_redis)) switch
    {
        (_, { } redis) => [.. _settings, $"--{Gateway.Redis}={redis}"],
        ({ } directory, null) => [.. _settings, $"--Metering:DataDirectory={directory}", $"--{Gateway.Redis}="],
        _ => _settings,
    };

    /// <exception cref="SettingsException">A setting cannot be.</exception>
    public Store Choose(ParseResult parsed) => new(MeteringHost.Builder(Settings(parsed)).Configuration,
        IsGiven(parsed.CommandResult) ? "" : $": say which with --data-directory or --redis{_instead}");
}

/// <summary>A store that is in a directory, or shared by silos.</summary>
/// <param name="hint">Behind the words that there is none: where nobody said which.</param>
internal sealed class Store(IConfiguration configuration, string hint)
{
    private readonly MeteringSettings _settings = MeteringSettings.Read(configuration);

    public bool IsShared { get; } = Gateway.IsSilo(configuration);

    /// <summary>Where it is, if it is not shared.</summary>
    public string Directory => _settings.DataDirectory;

    /// <summary>What seals webhooks' secrets for it.</summary>
    public SecretSeal Seal => new(KeyDirectory);

    /// <summary>Null: silos share one, and the settings do not say which.</summary>
    public string? KeyDirectory => _settings.KeyDirectory ?? (IsShared ? null : SecretSeal.Beside(Directory));

    /// <summary>Opens it to be read, and closes it after the work, which is told in words where it is.</summary>
    /// <exception cref="CommandException">There is none: in a Redis, as in a directory, another name than the silos'
    /// looks like a store with nothing in it.</exception>
    /// <exception cref="SettingsException">The settings name none that can be.</exception>
    /// <exception cref="StoreException">It could not be opened, or does not answer.</exception>
    public Task Read(Func<IStore, string, Task> work, CancellationToken cancellation) => With(async store =>
    {
        var where = IsShared ? SharedWhere() : Path.GetFullPath(Directory);
        if (await Import.Something(store, cancellation) is null)
            throw new CommandException($"there is nothing of a store in {where}{hint}");
        await work(store, where);
    });

    /// <summary>Opens it, to be read at least, and closes it after the work.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    /// <exception cref="SettingsException">The settings name none that can be.</exception>
    /// <exception cref="StoreException">It could not be opened, or does not answer.</exception>
    public Task With(Func<IStore, Task> work) => IsShared ? WithShared(work) : WithDirectory(work, write: false);

    /// <summary>Opens it to be written, while no gateway has it if it is a directory, and closes it after the
    /// work.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    /// <exception cref="SettingsException">The settings name none that can be.</exception>
    /// <exception cref="StoreException">It could not be opened, or does not answer.</exception>
    public Task Write(Func<SegmentedStore, Task> work) =>
        IsShared ? WithShared(work) : WithDirectory(work, write: true);

    private async Task WithDirectory(Func<SegmentedStore, Task> work, bool write)
    {
        if (!System.IO.Directory.Exists(Directory))
            throw new CommandException($"there is no data directory {Path.GetFullPath(Directory)}{hint}");
        await using var store = _settings.Journal.Over(
            write ? SqliteStore.Open(Directory) : SqliteStore.OpenReadOnly(Directory));
        await work(store);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private string SharedWhere() => ClusterStore.Where(configuration);

    // Of its own, so that whoever reads a directory loads nothing of Orleans.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task WithShared(Func<SegmentedStore, Task> work)
    {
        await using var opened = await ClusterStore.Open(configuration);
        await work(opened.Store);
    }
}
