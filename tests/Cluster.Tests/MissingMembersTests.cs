using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using MeteringGateway.Cluster.Wire;
using MeteringGateway.Core;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster.Tests;

/// <summary>What a silo of an older version leaves out, as it does not know it.</summary>
public sealed class MissingMembersTests
{
    public static TheoryData<Type> WithLists => [.. new[] { typeof(Command).Assembly, typeof(ITenants).Assembly }
        .SelectMany(assembly => assembly.GetTypes())
        .Where(type => type is { IsPublic: true, IsAbstract: false } && Lists(type).Any()
            && type.GetCustomAttribute<RequiredMemberAttribute>() is null)];

    [Xunit.Theory]
    [MemberData(nameof(WithLists))]
    public void A_list_that_is_left_out_has_no_elements(Type type)
    {
        var read = JsonSerializer.Deserialize("{}", type, WireTypes.Json)!;
        foreach (var list in Lists(type))
            Assert.Empty((System.Collections.IEnumerable)list.GetValue(read)!);
    }

    private static IEnumerable<PropertyInfo> Lists(Type type) => type.GetProperties().Where(one =>
        one.SetMethod is not null && one.PropertyType.IsGenericType
        && one.PropertyType.GetGenericTypeDefinition() == typeof(ImmutableArray<>));
}
