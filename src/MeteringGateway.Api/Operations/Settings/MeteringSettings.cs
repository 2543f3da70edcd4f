using Microsoft.Extensions.Configuration;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// Every setting of a gateway, of whichever edition: the section <c>Metering</c>, bound to this class and to no other,
/// and looked at once, before anything starts.
/// </summary>
public sealed class MeteringSettings
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Metering";

    private static readonly EngineOptions Engine = new();

    /// <summary>
    /// Or <c>--data-directory</c>: where the embedded edition keeps its journal; made if it is not there.
    /// </summary>
    public string DataDirectory { get; set; } = "./data";

    /// <summary>
    /// The first administrator's key, 16 characters or more; without one a key is made at the first start and told
    /// once.
    /// </summary>
    public string? AdminKey { get; set; }

    /// <summary>
    /// Where the keys are that seal webhooks' secrets, not in the data directory: <see href="#the-key-directory">the
    /// key directory</see>. Embedded: beside the data directory, with <c>-keys</c> behind its name.
    /// </summary>
    public string? KeyDirectory { get; set; }

    /// <summary>
    /// Entries hold a keyed hash of who the end customer is, for the <see href="quality.md#the-figures">first-contact
    /// figure</see>. Embedded: they do, unless it is <c>false</c>. Silos: they do not, unless it is <c>true</c>;
    /// <see href="#upgrading">an older program cannot read such an entry</see>, so it is switched on when every silo
    /// runs one that can.
    /// </summary>
    public bool? FirstContact { get; set; }

    /// <inheritdoc cref="EngineOptions.IdleAfter"/>
    public TimeSpan IdleAfter { get; set; } = Engine.IdleAfter;

    /// <inheritdoc cref="EngineOptions.SnapshotEntries"/>
    public int SnapshotEntries { get; set; } = Engine.SnapshotEntries;

    /// <inheritdoc cref="EngineOptions.IdleSnapshotEntries"/>
    public int IdleSnapshotEntries { get; set; } = Engine.IdleSnapshotEntries;

    /// <inheritdoc cref="EngineOptions.QueueEntries"/>
    public int QueueEntries { get; set; } = Engine.QueueEntries;

    /// <inheritdoc cref="EngineOptions.QueueBytes"/>
    public long QueueBytes { get; set; } = Engine.QueueBytes;

    /// <inheritdoc cref="EngineOptions.TurnsWaiting"/>
    public int TurnsWaiting { get; set; } = Engine.TurnsWaiting;

    /// <inheritdoc cref="EngineOptions.PreviewTime"/>
    public TimeSpan PreviewTime { get; set; } = Engine.PreviewTime;

    /// <inheritdoc cref="EngineOptions.DuePoll"/>
    public TimeSpan DuePoll { get; set; } = Engine.DuePoll;

    /// <inheritdoc cref="EngineOptions.ShutdownSnapshots"/>
    public TimeSpan ShutdownSnapshots { get; set; } = Engine.ShutdownSnapshots;

    /// <inheritdoc cref="EngineOptions.SignalBuffer"/>
    public int SignalBuffer { get; set; } = Engine.SignalBuffer;

    /// <inheritdoc cref="EngineOptions.WatchedTenants"/>
    public int WatchedTenants { get; set; } = Engine.WatchedTenants;

    public JournalSettings Journal { get; set; } = new();

    public MeteringLimits Limits { get; set; } = new();

    public WebhookSettings Webhooks { get; set; } = new();

    public EmailSettings Email { get; set; } = new();

    public KafkaSettings Kafka { get; set; } = new();

    public McpSettings Mcp { get; set; } = new();

    public TracingSettings Tracing { get; set; } = new();

    public ConsoleSettings Console { get; set; } = new();

    public ClusterSettings Cluster { get; set; } = new();

    /// <summary>What the engine goes by.</summary>
    public EngineOptions ForEngine() => new()
    {
        IdleAfter = IdleAfter,
        SnapshotEntries = SnapshotEntries,
        IdleSnapshotEntries = IdleSnapshotEntries,
        QueueEntries = QueueEntries,
        QueueBytes = QueueBytes,
        TurnsWaiting = TurnsWaiting,
        PreviewTime = PreviewTime,
        DuePoll = DuePoll,
        ShutdownSnapshots = ShutdownSnapshots,
        SignalBuffer = SignalBuffer,
        WatchedTenants = WatchedTenants,
        Limits = Limits,
    };

    /// <summary>The settings, if they are possible.</summary>
    /// <param name="edition">What else has to be right, by what an edition alone knows: a sentence for each thing that
    /// is wrong.</param>
    /// <exception cref="SettingsException">They are not: all that is wrong, each with the setting's name.</exception>
    public static MeteringSettings Read(IConfiguration configuration,
        Func<MeteringSettings, IEnumerable<string>>? edition = null)
    {
        Demand([.. SettingNames.Unknown(configuration, Names), .. SettingNames.Unreadable<MeteringSettings>(
            configuration)]);
        // What a file has as null would be set to null, groups too: it is not given.
        var given = configuration.GetSection(Section).AsEnumerable(makePathsRelative: true).Where(one =>
            one.Value is not null);
        var settings = new MeteringSettings();
        new ConfigurationBuilder().AddInMemoryCollection(given).Build().Bind(settings);
        settings.Tracing.Endpoint ??= configuration[TracingSettings.StandardEndpoint];
        Demand([.. SettingsCheck.Findings(settings), .. edition?.Invoke(settings) ?? []]);
        return settings;
    }

    /// <summary>Each setting's name, with its default.</summary>
    public static IReadOnlyDictionary<string, object?> Names { get; } =
        SettingNames.Of<MeteringSettings>();

    private static void Demand(IReadOnlyList<string> findings)
    {
        if (findings.Count > 0) throw new SettingsException(findings);
    }
}

/// <summary>Settings that cannot be; each is named in a line of its own.</summary>
public sealed class SettingsException(IReadOnlyList<string> findings) : Exception(string.Join('\n', findings));
