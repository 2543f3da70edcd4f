using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Emails;

/// <summary>Mails what waits for one address, all of it in one mail.</summary>
/// <param name="key">Of the receiver.</param>
internal sealed class MailCarrier(string key, MailSender sender, ITenants tenants) : ICarrier
{
    public Task<Attempt> Send(StoredWebhook to, IReadOnlyList<Delivery> deliveries, string? trace,
        CancellationToken stop) =>
        sender.Send(to, deliveries[0], async cancellation =>
        {
            var tenant = OwnId.TenantOf(key)!;
            var figure = await tenants.Tenant(tenant, cancellation)
                ?? throw new TenantUnavailableException("it is not there");
            if (deliveries[0].Type == Mail.Confirmation)
                return Mail.ToConfirm(deliveries[0], figure.Name, sender.Links.Confirm(key, to),
                    sender.Links.Unsubscribe(key, to));
            var need = await tenants.Need(tenant, cancellation);
            return Mail.OfAlerts(deliveries, figure, need, sender.Links.Console(tenant),
                sender.Links.Unsubscribe(key, to));
        }, stop);

    public void Dispose()
    {
        // The sender is everybody's.
    }
}
