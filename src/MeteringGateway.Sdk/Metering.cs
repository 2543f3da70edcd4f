using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Sdk;

/// <summary>
/// All of it together, as <c>AddMeteringGateway</c> makes it: the client, a gate that listens while the host runs, the
/// outbox if there is one, and an allowance for each workflow. What is held goes back when the host stops.
/// </summary>
public sealed class Metering : IHostedService, IAsyncDisposable
{
    private readonly MeteringOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILoggerFactory _logs;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Allowance> _allowances = [];
    private Task _listening = Task.CompletedTask;
    private bool _isEnded;

    internal Metering(MeteringClient client, MeteringOptions options, TimeProvider clock, ILoggerFactory logs)
    {
        (Client, _options, _clock, _logs) = (client, options, clock, logs);
        _log = logs.CreateLogger<Metering>();
        Gate = new Gate(clock, logs.CreateLogger<Gate>());
        if (options.OutboxFile is not null)
            Outbox = new Outbox(client, options, clock, logs.CreateLogger<Outbox>());
    }

    /// <summary>To the gateway.</summary>
    public MeteringClient Client { get; }

    /// <summary>What was heard of <see cref="MeteringOptions.Tenants"/>.</summary>
    public Gate Gate { get; }

    /// <summary>Null: <see cref="MeteringOptions.OutboxFile"/> is not set.</summary>
    public Outbox? Outbox { get; }

    /// <summary>An allowance for a workflow; one for each, for as long as the host runs.</summary>
    /// <param name="tenant">One of <see cref="MeteringOptions.Tenants"/>.</param>
    /// <param name="question">What is decided: an outcome type, and the units of one decision.</param>
    /// <param name="options">How units are taken, and what happens while the gateway is away.</param>
    /// <exception cref="ArgumentException">Nobody listens for the tenant, or the rest makes no sense.</exception>
    /// <exception cref="ObjectDisposedException">The host has stopped.</exception>
    public Allowance Allowance(string tenant, Question question, AllowanceOptions options)
    {
        if (!_options.Tenants.Contains(tenant))
            throw new ArgumentException($"Signals of '{tenant}' are not listened to: it is not among Tenants.");
        lock (_allowances)
        {
            ObjectDisposedException.ThrowIf(_isEnded, this);
            var allowance = new Allowance(Client, Gate, tenant, question, options, _clock,
                _logs.CreateLogger<Allowance>());
            _allowances.Add(allowance);
            return allowance;
        }
    }

    /// <summary>Begins to listen.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_options.Tenants.Count > 0) _listening = Listen();
        return Task.CompletedTask;
    }

    /// <summary>Gives back what is held, and ends.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => DisposeAsync().AsTask();

    /// <summary>Gives back what is held, and ends. What the outbox holds is sent by the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        Allowance[] allowances;
        lock (_allowances)
        {
            if (_isEnded) return;
            _isEnded = true;
            allowances = [.. _allowances];
        }
        await Task.WhenAll(allowances.Select(allowance => allowance.DisposeAsync().AsTask()));
        if (Outbox is not null) await Outbox.DisposeAsync();
        await _stopping.CancelAsync();
        await _listening;
        _stopping.Dispose();
    }

    private async Task Listen()
    {
        try
        {
            await Gate.ListenAsync(Client, [.. _options.Tenants], _stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
        }
        catch (MeteringException e)
        {
            // Nothing is heard from now on: allowances do what their caller chose for that.
            _log.LogError("Signals cannot be listened to: {Reason}", e.Message);
        }
    }
}
