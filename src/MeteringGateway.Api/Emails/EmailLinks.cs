using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Emails;

/// <summary>
/// Links in mails. What they carry as proof is made of the receiver's sealed secret and is stored nowhere: whoever has
/// the store alone can neither confirm an address nor unsubscribe one.
/// </summary>
internal sealed class EmailLinks(MeteringSettings settings)
{
    private string Root => (settings.Email.PublicUrl ?? "").TrimEnd('/');

    public string Confirm(string key, StoredWebhook email) =>
        $"{Of(key)}/confirm?token={Token("confirm", email)}";

    public string Unsubscribe(string key, StoredWebhook email) =>
        $"{Of(key)}/unsubscribe?token={Token("unsubscribe", email)}";

    /// <summary>The page of a tenant in the console.</summary>
    public string Console(string tenant) => $"{Root}/console/tenants/{tenant}";

    private string Of(string key) => $"{Root}/v1/tenants/{OwnId.TenantOf(key)}/emails/{OwnId.IdOf(key)}";

    /// <summary>Whether it is the token of such a link to this receiver, compared in constant time.</summary>
    public static bool Proves(string? token, string purpose, StoredWebhook email) =>
        token is { Length: <= 100 } && CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(token), Encoding.ASCII.GetBytes(Token(purpose, email)));

    // Another address, or another confirmation, makes the links of before those of nothing.
    private static string Token(string purpose, StoredWebhook email)
    {
        var until = purpose == "confirm" ? $"\n{email.Email!.ConfirmBy.UnixMilliseconds}" : "";
        return WebEncoders.Base64UrlEncode(HMACSHA256.HashData(Encoding.UTF8.GetBytes(email.Secrets[0].Value!),
            Encoding.UTF8.GetBytes($"{purpose}\n{email.Url}{until}")));
    }
}
