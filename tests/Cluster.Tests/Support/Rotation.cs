using System.Reflection;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster.Tests.Support;

/// <summary>Hands each call to the next of several.</summary>
public class Rotation : DispatchProxy
{
    private IReadOnlyList<ITenants> _all = [];
    private int _next;

    public static ITenants Of(IReadOnlyList<ITenants> all)
    {
        var proxy = Create<ITenants, Rotation>();
        ((Rotation)(object)proxy)._all = all;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        targetMethod!.Invoke(_all[Interlocked.Increment(ref _next) % _all.Count], args);
}
