using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using Orleans.Serialization;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Serializers;

namespace MeteringGateway.Cluster.Wire;

/// <summary>
/// How commands, answers and figures travel between silos: as JSON by the names of their members, so that silos of two
/// versions understand each other while one replaces the other (a member that one does not know is skipped, one that is
/// missing has its default, a list no elements). Those that travel most have a shorter form: see
/// <see cref="MessageWire"/>. Within a silo
/// they are handed over as they are: all of them are immutable. Exceptions travel in Orleans' own form: type, message,
/// cause and <see cref="Exception.Data"/>, ours and those of whatever was under them; one that the other silo does not
/// know arrives as <see cref="UnavailableExceptionFallbackException"/>.
/// </summary>
internal static class WireTypes
{
    private static readonly Assembly[] Ours = [typeof(Command).Assembly, typeof(ITenants).Assembly];

    public static readonly JsonSerializerOptions Json = new()
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver
        {
            Modifiers = { NameCases, KeepWhatHasASetter, EmptyWhereMissing },
        },
        MaxDepth = 64,
    };

    public static IServiceCollection AddWireTypes(this IServiceCollection services)
    {
        services.AddSingleton<Readers>();
        // Before the other: the first that takes a type has it.
        services.AddSingleton<IGeneralizedCodec, MessageWire>();
        services.AddSerializer(serializer => serializer.AddJsonSerializer(
            isSerializable: Travels, isCopyable: _ => false,
            options => options.Configure(json => json.SerializerOptions = Json))
            .Configure(types => types.WellKnownTypeAliases[MessageWire.Alias] = typeof(MessageWire)));
        services.Configure<ExceptionSerializationOptions>(exceptions =>
            exceptions.SupportedExceptionTypeFilter = _ => true);
        services.AddSingleton<IGeneralizedCopier, HandedOver>();
        services.AddSingleton<ITypeFilter, Allowed>();
        return services;
    }

    private static bool Travels(Type type) =>
        Ours.Contains(type.Assembly) && !type.IsEnum && !type.IsAssignableTo(typeof(Exception));

    /// <summary>A closed set is written with the name of its case.</summary>
    private static void NameCases(JsonTypeInfo type)
    {
        if (!type.Type.IsAbstract || !Ours.Contains(type.Type.Assembly)) return;
        type.PolymorphismOptions = new JsonPolymorphismOptions();
        foreach (var one in type.Type.Assembly.GetTypes().Where(one => !one.IsAbstract && one.IsSubclassOf(type.Type)))
            type.PolymorphismOptions.DerivedTypes.Add(new JsonDerivedType(one, one.Name));
    }

    /// <summary>What is worked out of the rest does not travel; what only its own assembly may set, does.</summary>
    private static void KeepWhatHasASetter(JsonTypeInfo type)
    {
        if (!Ours.Contains(type.Type.Assembly)) return;
        for (var i = type.Properties.Count - 1; i >= 0; i--)
        {
            var property = type.Properties[i];
            if (property.Set is not null || property.AssociatedParameter is not null) continue;
            if (property.AttributeProvider is PropertyInfo { SetMethod: { } set })
                property.Set = (target, value) => set.Invoke(target, [value]);
            else type.Properties.RemoveAt(i);
        }
    }

    /// <summary>
    /// A list that the other silo does not know is one without elements, and not one that is not there.
    /// </summary>
    private static void EmptyWhereMissing(JsonTypeInfo type)
    {
        if (!Ours.Contains(type.Type.Assembly) || type.Kind != JsonTypeInfoKind.Object) return;
        var lists = type.Properties.Where(one => one.Set is not null && one.PropertyType.IsGenericType
            && one.PropertyType.GetGenericTypeDefinition() == typeof(ImmutableArray<>))
            .Select(one => (List: one, Empty: one.PropertyType.GetField("Empty")!.GetValue(null),
                Missing: Activator.CreateInstance(one.PropertyType))).ToList();
        if (lists.Count == 0) return;
        type.OnDeserialized = read =>
        {
            foreach (var (list, empty, missing) in lists)
                if (Equals(list.Get!(read), missing)) list.Set!(read, empty);
        };
    }

    /// <summary>A silo takes no other types from the wire than those that it sends.</summary>
    private sealed class Allowed : ITypeFilter
    {
        public bool? IsTypeAllowed(Type type) =>
            Travels(type.IsArray ? type.GetElementType()! : type) || type == typeof(MessageWire)
                || type.IsAssignableTo(typeof(Exception)) ? true : null;
    }

    private sealed class HandedOver : IGeneralizedCopier
    {
        public bool IsSupportedType(Type type) => Travels(type);

        public object? DeepCopy(object? input, CopyContext context) => input;
    }
}
