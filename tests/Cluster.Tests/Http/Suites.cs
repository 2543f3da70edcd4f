using System.Reflection;
using MeteringGateway.Api.Tests;

namespace MeteringGateway.Cluster.Tests.Http;

// Every suite over HTTP, its tests inherited: run here, they ask silos.
public sealed class AccessTestsOnSilos(Started started) : AccessTests(started);
public sealed class AddressTestsOnSilos(Started started) : AddressTests(started);
public sealed class AllowanceTestsOnSilos(Started started) : AllowanceTests(started);
public sealed class AttentionTestsOnSilos : AttentionTests;
public sealed class CertificateTestsOnSilos(Started started) : CertificateTests(started);
public sealed class CertificateMemberTestsOnSilos(Started started) : CertificateMemberTests(started);
public sealed class JournalBytesTestsOnSilos(Started started) : JournalBytesTests(started);
public sealed class CertificateExampleTestsOnSilos(Started started) : CertificateExampleTests(started);
public sealed class ErasureTestsOnSilos(Started started) : ErasureTests(started);
public sealed class DisputeTestsOnSilos(Started started) : DisputeTests(started);
public sealed class HeadTestsOnSilos(Started started) : HeadTests(started);
public sealed class CapTestsOnSilos(Started started) : CapTests(started);
public sealed class DocumentTestsOnSilos(Started started) : DocumentTests(started);
public sealed class DocumentBoundTestsOnSilos(Started started) : DocumentBoundTests(started);
public sealed class EventTestsOnSilos(Started started) : EventTests(started);
public sealed class FigureTestsOnSilos(Started started) : FigureTests(started);
public sealed class FormatTestsOnSilos : FormatTests;
public sealed class FuzzTestsOnSilos : FuzzTests;
public sealed class GrantTestsOnSilos(Started started) : GrantTests(started);
public sealed class JourneyTestsOnSilos : JourneyTests;
public sealed class KeyLifeTestsOnSilos(Started started) : KeyLifeTests(started);
public sealed class KeyTestsOnSilos(Started started) : KeyTests(started);
public sealed class MethodTestsOnSilos(Started started) : MethodTests(started);
public sealed class MoneyCapTestsOnSilos(Started started) : MoneyCapTests(started);
public sealed class OperationsTestsOnSilos(Started started) : OperationsTests(started);
public sealed class OutcomeTestsOnSilos(Started started) : OutcomeTests(started);
public sealed class OverageTestsOnSilos(Started started) : OverageTests(started);
public sealed class PlanFundingTestsOnSilos(Started started) : PlanFundingTests(started);
public sealed class PlanTestsOnSilos(Started started) : PlanTests(started);
public sealed class PricePageTestsOnSilos(Started started) : PricePageTests(started);
public sealed class SamplePlanTestsOnSilos(Started started) : SamplePlanTests(started);
public sealed class CapPreviewTestsOnSilos(Started started) : CapPreviewTests(started);
public sealed class QualityTestsOnSilos(Started started) : QualityTests(started);
public sealed class SetupChangeTestsOnSilos(Started started) : SetupChangeTests(started);
public sealed class SeriesTestsOnSilos(Started started) : SeriesTests(started);
public sealed class SessionTestsOnSilos(Started started) : SessionTests(started);
public sealed class SignalTestsOnSilos(Started started) : SignalTests(started);
public sealed class QueryTestsOnSilos(Started started) : QueryTests(started);
public sealed class StatementTestsOnSilos(Started started) : StatementTests(started);
public sealed class StatementOutcomesTestsOnSilos(Started started) : StatementOutcomesTests(started);
public sealed class TenantTestsOnSilos(Started started) : TenantTests(started);
public sealed class ThresholdTestsOnSilos(Started started) : ThresholdTests(started);
public sealed class UsageTestsOnSilos(Started started) : UsageTests(started);
public sealed class AlertTestsOnSilos(Started started) : AlertTests(started);
public sealed class Base64TextTestsOnSilos : Base64TextTests;
public sealed class BoundTestsOnSilos(Started started) : BoundTests(started);
public sealed class SampleTestsOnSilos(Started started) : SampleTests(started);
public sealed class AdministratorTestsOnSilos(Started started) : AdministratorTests(started);
public sealed class DecisionTestsOnSilos(Started started) : DecisionTests(started);
public sealed class ScheduleTestsOnSilos(Started started) : ScheduleTests(started);
public sealed class LeftOutTestsOnSilos(Started started) : LeftOutTests(started);
public sealed class TopUpTestsOnSilos(Started started) : TopUpTests(started);
public sealed class CurrencyTestsOnSilos(Started started) : CurrencyTests(started);
public sealed class ConditionalTestsOnSilos(Started started) : ConditionalTests(started);
public sealed class ClosedSetTestsOnSilos(Started started) : ClosedSetTests(started);
public sealed class CloudEventTestsOnSilos(Started started) : CloudEventTests(started);
public sealed class CompressedTestsOnSilos(Started started) : CompressedTests(started);
public sealed class WebhooksDeliveryTestsOnSilos : WebhooksDeliveryTests;
public sealed class WebhooksFaultTestsOnSilos : WebhooksFaultTests;
public sealed class WebhooksGuardTestsOnSilos : WebhooksGuardTests;
public sealed class WebhooksHeldTestsOnSilos : WebhooksHeldTests;
public sealed class WebhooksOrderTestsOnSilos : WebhooksOrderTests;
public sealed class WebhooksPageTestsOnSilos : WebhooksPageTests;
public sealed class WebhooksPayloadTestsOnSilos : WebhooksPayloadTests;
public sealed class UnavailableTestsOnSilos : UnavailableTests;
public sealed class EmailTestsOnSilos : EmailTests;
public sealed class EmailDeliveryTestsOnSilos : EmailDeliveryTests;
public sealed class TenantWebhooksTestsOnSilos : TenantWebhooksTests;
public sealed class WebhooksTestsOnSilos(Started started) : WebhooksTests(started);
public sealed class WordsOfErrorsTestsOnSilos(Started started) : WordsOfErrorsTests(started);

public sealed class SuitesTests
{
    /// <summary>
    /// How one process starts, recovers, reads its settings and documents, and is made of parts. The sizes of problems
    /// are looked at through what one process holds. What the log tells of callers is counted by each process
    /// for itself.
    /// </summary>
    private static readonly Type[] OfOneProcess =
    [
        typeof(StartTests), typeof(ReadinessTests), typeof(PlatformTests), typeof(SettingsTests),
        typeof(StoredDocumentTests), typeof(ProblemSizeTests), typeof(DeadlineTests), typeof(RefusedEventsTests),
        typeof(LimitsTableTests), typeof(Api.Tests.SecretSealTests), // silos have one of their own
        typeof(WebhooksAwayTests), typeof(EventGroupTests), typeof(TurnQueueTests),
        typeof(LookupTests), typeof(PlanBookTests), typeof(LogLineTests), typeof(AgentsPageTests),
        typeof(AlertWordsTests), typeof(ExampleTests), typeof(KeyLinesTests),
        typeof(DecoderFuzzTests),
    ];

    [Fact]
    public void No_suite_over_HTTP_is_left_out()
    {
        var suites = typeof(Gateway).Assembly.GetTypes().Where(type => type.GetMethods()
            .Any(method => method.GetCustomAttributes<FactAttribute>().Any())).ToList();
        var here = typeof(SuitesTests).Assembly.GetTypes().Select(type => type.BaseType);

        Assert.NotEmpty(suites);
        Assert.Empty(suites.Except(OfOneProcess).Except(here));
    }
}
