using System.Globalization;
using MeteringGateway.Core;
using Orleans.Metadata;

namespace MeteringGateway.Cluster.Wire;

/// <summary>
/// Whether every silo reads the messages that are written here. Each says in its manifest up to which version it does:
/// the others have it soon after it joined. A silo of which nothing is known yet counts as one that does not, from the
/// moment at which it joins, before it may call or be called; one that is leaving is remembered.
/// </summary>
/// <param name="services">Asked at the first message: what these rest on rests on the serializer.</param>
internal sealed class Readers(IServiceProvider services)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<SiloAddress, bool> _reads = [];
    private IClusterMembershipService? _membership;
    private IClusterManifestProvider? _manifests;
    private volatile Learnt? _learnt;

    public bool All
    {
        get
        {
            var members = (_membership ??= services.GetRequiredService<IClusterMembershipService>()).CurrentSnapshot;
            var manifests = (_manifests ??= services.GetRequiredService<IClusterManifestProvider>()).Current;
            return _learnt is { } learnt && learnt.Members == members && learnt.Manifests == manifests ? learnt.All
                : Learn(members, manifests).All;
        }
    }

    private Learnt Learn(ClusterMembershipSnapshot members, ClusterManifest manifests)
    {
        lock (_gate)
        {
            foreach (var (silo, manifest) in manifests.Silos) _reads[silo] = Reads(manifest);
            var there = members.Members.Values.Where(member => member.Status != SiloStatus.Dead)
                .Select(member => member.SiloAddress).ToHashSet();
            foreach (var gone in _reads.Keys.Except(there).ToList()) _reads.Remove(gone);
            return _learnt = new(members, manifests, there.All(silo => _reads.GetValueOrDefault(silo)));
        }
    }

    private static bool Reads(GrainManifest manifest) =>
        manifest.Grains.Values.Any(grain => grain.Properties.TryGetValue(ReadsMessagesAttribute.Property, out var to)
            && int.TryParse(to, CultureInfo.InvariantCulture, out var version) && version >= MessageCodec.Version);

    private sealed record Learnt(ClusterMembershipSnapshot Members, ClusterManifest Manifests, bool All);
}

/// <summary>Says in the silo's manifest up to which version of <see cref="MessageCodec"/> it reads.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ReadsMessagesAttribute : Attribute, IGrainPropertiesProviderAttribute
{
    public const string Property = "metering.messages";

    public void Populate(IServiceProvider services, Type grainClass, GrainType grainType,
        Dictionary<string, string> properties) =>
        properties.TryAdd(Property, MessageCodec.Version.ToString(CultureInfo.InvariantCulture));
}
