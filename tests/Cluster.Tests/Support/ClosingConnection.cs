using System.Reflection;
using StackExchange.Redis;

namespace MeteringGateway.Cluster.Tests.Support;

/// <summary>
/// A connection that is being closed: it fails the first commands that it is given instead of sending them, and then
/// does what another does.
/// </summary>
public class ClosingConnection : DispatchProxy
{
    private object _inner = null!;
    private int[] _left = [0];

    private Exception _failure = null!;

    public static IConnectionMultiplexer Over(IConnectionMultiplexer redis, int commands, Exception failure) =>
        Of(redis, [commands], failure);

    private static T Of<T>(T inner, int[] left, Exception failure) where T : class
    {
        var proxy = Create<T, ClosingConnection>();
        var closing = (ClosingConnection)(object)proxy;
        (closing._inner, closing._left, closing._failure) = (inner, left, failure);
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (targetMethod!.ReturnType.IsAssignableTo(typeof(Task)) && Interlocked.Decrement(ref _left[0]) >= 0)
            return typeof(Task).GetMethods()
                .Single(made => made is { Name: nameof(Task.FromException), IsGenericMethod: true })
                .MakeGenericMethod(targetMethod.ReturnType.GenericTypeArguments[0]).Invoke(null, [_failure]);
        var answer = targetMethod.Invoke(_inner, args);
        return answer is IDatabase database ? Of(database, _left, _failure) : answer;
    }
}
