using MeteringGateway.Console.Tests;
using MeteringGateway.Console.Tests.Support;

namespace MeteringGateway.Cluster.Tests.Http;

// The console's suites, where each page and each form comes from another silo than the one before: whoever signs in on
// one is known on the others, a link is good once on all of them together, and signing out is heard everywhere.
public sealed class SignInTestsOnSilos(WithPages started) : SignInTests(started);
public sealed class ConsoleLimitTestsOnSilos(WithPages started) : LimitTests(started);
public sealed class ConsoleReadingTestsOnSilos(WithPages started) : ReadingTests(started);
public sealed class ConsoleReceiverTestsOnSilos : ReceiverTests;
public sealed class ConsoleRoleTestsOnSilos(WithPages started) : RoleTests(started);
public sealed class ConsolePriceTestsOnSilos(WithPages started) : PriceTests(started);

public sealed class ConsoleSuitesTests
{
    /// <summary>How a page is written, and how numbers are; and what each process counts for itself.</summary>
    private static readonly Type[] OfOneProcess =
        [typeof(LoadedTests), typeof(LocaleTests), typeof(SignInLimitTests), typeof(SessionShareTests)];

    [Fact]
    public void No_suite_of_the_console_is_left_out()
    {
        var suites = typeof(Person).Assembly.GetTypes().Where(type => type.GetMethods()
            .Any(method => method.GetCustomAttributes(typeof(FactAttribute), inherit: true).Length > 0));
        var here = typeof(ConsoleSuitesTests).Assembly.GetTypes().Select(type => type.BaseType);
        Assert.Empty(suites.Except(OfOneProcess).Except(here));
    }
}
