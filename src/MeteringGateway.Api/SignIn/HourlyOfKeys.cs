using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.SignIn;

/// <summary>
/// So many an hour of each key, and <see cref="Shares.OfFamily"/> times as many of a family of them.
/// </summary>
internal sealed class HourlyOfKeys(int most, KeyRing keys)
{
    private readonly Hourly _keys = new(most);
    private readonly Hourly _families = new((int)Math.Min(int.MaxValue, (long)most * Shares.OfFamily));

    /// <summary>How long until one more may be; zero: now.</summary>
    public TimeSpan Wait(string key, Instant now)
    {
        var (ofKey, ofFamily) = (_keys.Wait(key, now), _families.Wait(keys.FamilyOf(key), now));
        return ofKey > ofFamily ? ofKey : ofFamily;
    }

    public void Take(string key, Instant now)
    {
        _keys.Take(key, now);
        _families.Take(keys.FamilyOf(key), now);
    }
}
