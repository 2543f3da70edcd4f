using System.Reflection;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;
using MeteringGateway.Cluster.Wire;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Serialization.Invocation;
using StackExchange.Redis;

namespace MeteringGateway.Cluster.Tests;

/// <summary>
/// Why a call to another silo failed is told by the type of its exception: it must arrive as it left.
/// </summary>
public sealed class ExceptionWireTests : IDisposable
{
    private static readonly Assembly[] Ours =
        [typeof(Command).Assembly, typeof(ITenants).Assembly, typeof(Problem).Assembly, typeof(RedisStore).Assembly];

    /// <summary>
    /// What does not travel: a problem is found and answered by the silo that was asked over HTTP, and settings are
    /// looked at before a silo joins.
    /// </summary>
    private static readonly Type[] AtHome = [typeof(ProblemException), typeof(SettingsException)];

    private readonly ServiceProvider _services =
        new ServiceCollection().AddWireTypes().BuildServiceProvider();

    public static TheoryData<Type> Exceptions() =>
        [.. Ours.SelectMany(assembly => assembly.GetTypes())
            .Where(type => type.IsSubclassOf(typeof(Exception)) && !type.IsAbstract).Except(AtHome)];

    [Xunit.Theory]
    [MemberData(nameof(Exceptions))]
    public void Every_exception_of_ours_arrives_as_it_left(Type type)
    {
        var sent = Make(type);
        var arrived = Travel(sent);

        Assert.IsType(type, arrived);
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance
            | BindingFlags.DeclaredOnly)
            .Append(typeof(Exception).GetProperty(nameof(Exception.Message))!))
            Assert.Equal(property.GetValue(sent), property.GetValue(arrived));
        Assert.Equal(sent.InnerException?.Message, arrived.InnerException?.Message);
    }

    [Xunit.Fact]
    public void An_exception_of_others_arrives_too_whatever_is_in_it()
    {
        Exception[] inside =
        [
            new RedisConnectionException(ConnectionFailureType.SocketClosed, "closed", new IOException("reset")),
            new RedisTimeoutException("late", CommandStatus.Sent) { Data = { ["Redis-Message"] = "EVALSHA" } },
            new RedisServerException("LOADING"),
            new System.Net.Sockets.SocketException(111),
            new TaskCanceledException("closing"),
            new AggregateException(new RedisTimeoutException("late", CommandStatus.Unknown), new IOException("reset")),
            new KeyNotFoundException("nobody expected it"),
            new OrleansException("the silo is stopping"),
        ];
        foreach (var inner in inside)
        {
            var arrived = Assert.IsType<TenantUnavailableException>(
                Travel(new TenantUnavailableException("the store did not answer", inner)));
            Assert.Equal("The tenant does not answer: the store did not answer.", arrived.Message);
            Assert.Equal(inner.Message, arrived.InnerException!.Message);
            Assert.Equal(inner.Message, Travel(inner).Message);
        }
    }

    public void Dispose() => _services.Dispose();

    /// <summary>As the answer to a call between silos.</summary>
    private Exception Travel(Exception exception)
    {
        var serializer = _services.GetRequiredService<Serializer>();
        var bytes = serializer.SerializeToArray<Response>(Response.FromException(exception));
        return serializer.Deserialize<Response>(bytes)!.Exception!;
    }

    private static Exception Make(Type type)
    {
        var made = type.GetConstructors(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)
            .MaxBy(constructor => constructor.GetParameters().Length)!;
        return (Exception)made.Invoke([.. made.GetParameters().Select(Value)]);
    }

    private static object Value(ParameterInfo parameter) => parameter.ParameterType switch
    {
        var type when type == typeof(string) => $"the {parameter.Name}",
        var type when type == typeof(int) => 5,
        var type when type == typeof(long) => 7L,
        var type when type == typeof(TimeSpan) => TimeSpan.FromSeconds(9),
        var type when type == typeof(Exception) => new IOException("the cause"),
        var type => throw new NotSupportedException($"say how to make a {type}"),
    };
}
