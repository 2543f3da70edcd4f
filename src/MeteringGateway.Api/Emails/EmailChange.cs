using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Tenants;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Emails;

/// <summary>
/// What is done with addresses, each in the turn of whoever sends: by a buyer, and by whoever has a link.
/// </summary>
internal sealed class EmailChange(WebhookBook book, SecretSeal seal, ITurns turns, IStore store,
    MeteringSettings settings, TimeProvider clock)
{
    /// <summary>How long the link in a confirmation holds.</summary>
    public static readonly TimeSpan ToConfirm = TimeSpan.FromDays(3);

    private const string ByLink = "link"; // who it was
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private Instant Now => Instant.From(clock.GetUtcNow());

    /// <exception cref="ProblemException">404: there is none.</exception>
    public StoredWebhook Find(string tenant, string id)
    {
        var key = Key(tenant, id);
        book.Demand(key);
        return book.Find(key) ?? throw new ProblemException(Unknown());
    }

    /// <exception cref="ProblemException">404: nothing has such an id.</exception>
    public static string Key(string tenant, string id) =>
        Ids.IsId(id) ? OwnId.Email(tenant, id) : throw new ProblemException(Unknown());

    /// <summary>
    /// Makes one, or changes the one that there is. An address that is not confirmed yet is asked to confirm, again if
    /// it was asked before.
    /// </summary>
    public async Task<(StoredWebhook Email, bool Created)> Put(HttpContext context, string tenant, string id,
        PutEmailWire wanted, Principal caller, CancellationToken cancellation)
    {
        if (!settings.Email.IsOn) throw new ProblemException(NoServer());
        var findings = new Findings();
        if (!Ids.IsId(id)) findings.Add("", $"an address's id {Ids.Form}");
        if (wanted.Address is null) findings.Add("/address", "is required");
        else if (!EmailAddress.Is(wanted.Address)) findings.Add("/address", EmailAddress.Form);
        var events = WebhookReader.Events(wanted.Events, findings);
        if (findings.Problem is { } invalid) throw new ProblemException(invalid);
        if (!await TenantsThere.IsThere(store, tenant, cancellation))
            throw new ProblemException(Problem.UnknownTenant());
        var key = Key(tenant, id);
        await using var turn = await turns.TakeWebhooks(cancellation);
        book.Demand(key);
        var before = book.Find(key);
        ETags.Demand(context, before is null ? null : ETags.Of(before.Version));
        if (before is null) DemandRoom(tenant);
        var url = StoredEmail.Scheme + wanted.Address;
        if (before is { IsEnabled: true, Email.ConfirmedAt: not null } && before.Url == url)
        {
            if (WebhookChange.AreSame(before.Events, events)) return (before, false);
            book.DemandFewChanges(key, caller);
            return ((await book.Put(store, key, before with { Events = events }, caller.Id, cancellation))!, false);
        }
        return (await Ask(key, before, url, events, caller, cancellation), before is null);
    }

    /// <summary>Asks the address's owner; what was to go to an address of before does not go.</summary>
    private async Task<StoredWebhook> Ask(string key, StoredWebhook? before, string url,
        IReadOnlyList<string>? events, Principal caller, CancellationToken cancellation)
    {
        var (now, most) = (Now, settings.Limits.TenantConfirmationsPerHour);
        var asked = before?.Email!.Asked.Where(at => at + Hour > now).ToList() ?? [];
        if (asked.Count >= most) throw new ProblemException(TooManyConfirmations(most, asked[0] + Hour - now));
        book.DemandFewChanges(key, caller);
        var email = new StoredEmail(now + ToConfirm, null, [.. asked, now]) { Unknown = before?.Email!.Unknown };
        var next = before is null
            ? new StoredWebhook(0, url, events, [OwnId.TenantOf(key)!],
                [new StoredSecret(NewSecret(), now, null, null)], null, null, now, now, now) { Email = email }
            : before.Enabled(now) with { Url = url, Events = events, Email = email, IsInTheClear = false };
        var put = (await book.Put(store, key, next, caller.Id, cancellation))!;
        await store.GiveUp(key, now, cancellation);
        await store.Dispatch([], [Confirmation(key, put)], cancellation);
        return put;
    }

    private Delivery Confirmation(string key, StoredWebhook email)
    {
        var now = Now;
        var tenant = OwnId.TenantOf(key)!;
        var of = SHA256.HashData(Encoding.UTF8.GetBytes($"{key}\n{email.Version}\n{email.Email!.ConfirmBy}"));
        return new Delivery(0, key, $"ask_{Convert.ToHexStringLower(of.AsSpan(0, 16))}", tenant, 0, Mail.Confirmation,
            JsonSerializer.SerializeToUtf8Bytes(new PayloadWire(Mail.Confirmation, now.ToString(),
                JsonSerializer.SerializeToElement(new AlertWire(tenant, 0), PayloadJson.Typed<AlertWire>())),
                PayloadJson.Typed<PayloadWire>()), now)
        {
            GiveUpAt = Instant.Min(now + settings.Webhooks.GiveUpAfter, email.Email.ConfirmBy),
            Attempts = Dispatcher.WriteAttempts([]),
        };
    }

    public async Task Delete(HttpContext context, string tenant, string id, Principal caller,
        CancellationToken cancellation)
    {
        await using var turn = await turns.TakeWebhooks(cancellation);
        var key = Key(tenant, id);
        if (!book.IsLocked(key)) ETags.Demand(context, ETags.Of(Find(tenant, id).Version));
        await book.Put(store, key, null, caller.Id, cancellation);
    }

    /// <summary>Null: the link is of nothing that there is, or its time is over.</summary>
    public StoredWebhook? OfLink(string tenant, string id, string purpose, string? token) =>
        Ids.IsId(id) && book.Find(OwnId.Email(tenant, id)) is { } email && EmailLinks.Proves(token, purpose, email)
            && (purpose != "confirm" || email.Email!.ConfirmedAt is not null || Now < email.Email.ConfirmBy)
            ? email : null;

    /// <summary>False: as <see cref="OfLink"/>.</summary>
    public async Task<bool> Confirm(string tenant, string id, string? token, CancellationToken cancellation)
    {
        if (OfLink(tenant, id, "confirm", token) is null) return false; // who has no link takes no turn
        await using var turn = await turns.TakeWebhooks(cancellation);
        if (OfLink(tenant, id, "confirm", token) is not { } email) return false;
        if (!email.IsEnabled || email.Email!.ConfirmedAt is not null) return email.IsEnabled;
        await book.Put(store, Key(tenant, id), email with { Email = email.Email with { ConfirmedAt = Now } }, ByLink,
            cancellation);
        return true;
    }

    /// <summary>Also of an address that was never confirmed: it is asked no more until somebody makes it anew.</summary>
    public async Task<bool> Unsubscribe(string tenant, string id, string? token, CancellationToken cancellation)
    {
        if (OfLink(tenant, id, "unsubscribe", token) is null) return false;
        await using var turn = await turns.TakeWebhooks(cancellation);
        if (OfLink(tenant, id, "unsubscribe", token) is not { } email) return false;
        if (email.DisabledReason == StoredEmail.Unsubscribed) return true;
        var now = Now;
        await book.Put(store, Key(tenant, id), email with { DisabledReason = StoredEmail.Unsubscribed,
            DisabledAt = now, Email = email.Email! with { ConfirmedAt = null } }, ByLink, cancellation);
        await store.GiveUp(Key(tenant, id), now, CancellationToken.None);
        return true;
    }

    private void DemandRoom(string tenant)
    {
        var most = settings.Limits.TenantEmails;
        if (book.OwnOf(tenant).Count(one => one.Webhook.Email is not null) >= most)
            throw new ProblemException(new Problem(StatusCodes.Status409Conflict, "too_many_emails",
                $"The tenant has {most} addresses, and may have no more."));
    }

    /// <exception cref="ProblemException">409: it could not be sealed.</exception>
    private string NewSecret() => seal.HasRing ? Signature.NewSecret()
        : throw new ProblemException(WebhookChange.NoRing());

    private static Problem Unknown() => Problem.NotFound("unknown_email", "There is no such address.");

    private static Problem NoServer() => new(StatusCodes.Status409Conflict, "no_mail_server",
        "The gateway sends no mail: Metering:Email:Host is not set.");

    private static Problem TooManyConfirmations(int most, TimeSpan wait) =>
        new(StatusCodes.Status429TooManyRequests, "too_many_confirmations",
            $"The address was asked {most} times in an hour, and is asked no more often for one tenant.")
        {
            RetryAfter = (int)Math.Ceiling(wait.TotalSeconds),
        };
}
