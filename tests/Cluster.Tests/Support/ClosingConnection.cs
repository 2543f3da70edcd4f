using System.Reflection;
using StackExchange.Redis;

namespace MeteringGateway.Cluster.Tests.Support;

/// <summary>
/// A connection that is being closed: it cancels the first commands that it is given instead of sending them, and then
/// does what another does.
/// </summary>
public class ClosingConnection : DispatchProxy
{
    private object _inner = null!;
    private int[] _left = [0];

    public static IConnectionMultiplexer Over(IConnectionMultiplexer redis, int commands) =>
        Of(redis, [commands]);

    private static T Of<T>(T inner, int[] left) where T : class
    {
        var proxy = Create<T, ClosingConnection>();
        ((ClosingConnection)(object)proxy)._inner = inner;
        ((ClosingConnection)(object)proxy)._left = left;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (targetMethod!.ReturnType.IsAssignableTo(typeof(Task)) && Interlocked.Decrement(ref _left[0]) >= 0)
            return typeof(Task).GetMethods()
                .Single(made => made is { Name: nameof(Task.FromCanceled), IsGenericMethod: true })
                .MakeGenericMethod(targetMethod.ReturnType.GenericTypeArguments[0])
                .Invoke(null, [new CancellationToken(canceled: true)]);
        var answer = targetMethod.Invoke(_inner, args);
        return answer is IDatabase database ? Of(database, _left) : answer;
    }
}
