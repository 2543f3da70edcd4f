using MeteringGateway.Cluster.Tests.Http;
using Xunit.Abstractions;
using Xunit.Sdk;

[assembly: TestFramework("MeteringGateway.Cluster.Tests.Support.SiloFramework", "MeteringGateway.Cluster.Tests")]

namespace MeteringGateway.Cluster.Tests.Support;

/// <summary>
/// The suites that are written for every edition run on silos here. Where redis-server is not installed every test of
/// the assembly is skipped by name, and so is in any case what is a matter of one process alone.
/// </summary>
public sealed class SiloFramework : XunitTestFramework
{
    public SiloFramework(IMessageSink sink) : base(sink) => Edition.Current = new Silos();

    protected override ITestFrameworkDiscoverer CreateDiscoverer(IAssemblyInfo assemblyInfo) =>
        new Discoverer(assemblyInfo, SourceInformationProvider, DiagnosticMessageSink);

    private sealed class Discoverer(IAssemblyInfo assembly, ISourceInformationProvider sources, IMessageSink sink)
        : XunitTestFrameworkDiscoverer(assembly, sources, sink)
    {
        protected override bool FindTestsForMethod(ITestMethod testMethod, bool includeSourceInformation,
            IMessageBus messageBus, ITestFrameworkDiscoveryOptions discoveryOptions) =>
            testMethod.Method.GetCustomAttributes(typeof(FactAttribute)).Any() && WhyNot(testMethod) is { } reason
                ? ReportDiscoveredTestCase(new Skipped(DiagnosticMessageSink, testMethod, reason),
                    includeSourceInformation, messageBus)
                : base.FindTestsForMethod(testMethod, includeSourceInformation, messageBus, discoveryOptions);

        private static string? WhyNot(ITestMethod test) =>
            RedisServer.Program is null ? "redis-server is not installed (apt-get install redis-server)"
            : test.Method.GetCustomAttributes(typeof(FactInOneProcessAttribute)).Any() ? "for one process only" : null;
    }
}

/// <summary>A test that is not run.</summary>
public sealed class Skipped : XunitTestCase
{
    private string _reason = "";

    [Obsolete("For whoever reads it from what it was written as.")]
    public Skipped() { }

    public Skipped(IMessageSink sink, ITestMethod method, string reason)
        : base(sink, TestMethodDisplay.ClassAndMethod, TestMethodDisplayOptions.None, method) => _reason = reason;

    protected override string GetSkipReason(IAttributeInfo factAttribute) => _reason;

    public override void Serialize(IXunitSerializationInfo data)
    {
        data.AddValue("reason", _reason);
        base.Serialize(data);
    }

    public override void Deserialize(IXunitSerializationInfo data)
    {
        _reason = data.GetValue<string>("reason");
        base.Deserialize(data);
    }
}
