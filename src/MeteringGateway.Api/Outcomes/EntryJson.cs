using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Outcomes;

/// <summary>How entries are shown to people: the journal itself is binary (<c>docs/journal.md</c>).</summary>
[JsonSerializable(typeof(Entry.TenantCreated))]
[JsonSerializable(typeof(Entry.TenantChanged))]
[JsonSerializable(typeof(Entry.TermsSet))]
[JsonSerializable(typeof(Entry.TenantClosed))]
[JsonSerializable(typeof(Entry.ClockAdvanced))]
[JsonSerializable(typeof(Entry.PeriodStarted))]
[JsonSerializable(typeof(Entry.PeriodClosed))]
[JsonSerializable(typeof(Entry.OutcomesArchived))]
[JsonSerializable(typeof(Entry.DayStarted))]
[JsonSerializable(typeof(Entry.TrainingEnded))]
[JsonSerializable(typeof(Entry.OutcomeReported))]
[JsonSerializable(typeof(Entry.FactReported))]
[JsonSerializable(typeof(Entry.OutcomeChanged))]
[JsonSerializable(typeof(Entry.ActivityReported))]
[JsonSerializable(typeof(Entry.ReservationMade))]
[JsonSerializable(typeof(Entry.ReservationExtended))]
[JsonSerializable(typeof(Entry.ReservationReleased))]
[JsonSerializable(typeof(Entry.ReservationExpired))]
[JsonSerializable(typeof(Entry.DecisionRecorded))]
[JsonSerializable(typeof(Entry.CapSet))]
[JsonSerializable(typeof(Entry.CapRemoved))]
[JsonSerializable(typeof(Entry.TenantPaused))]
[JsonSerializable(typeof(Entry.TenantResumed))]
[JsonSerializable(typeof(Entry.StateChanged))]
[JsonSerializable(typeof(Entry.SignalAcknowledged))]
[JsonSerializable(typeof(Entry.ThresholdSet))]
[JsonSerializable(typeof(Entry.ThresholdRemoved))]
[JsonSerializable(typeof(Entry.ThresholdCrossed))]
[JsonSerializable(typeof(Entry.ThresholdRearmed))]
[JsonSerializable(typeof(Entry.GrantIssued))]
[JsonSerializable(typeof(Entry.GrantEnded))]
[JsonSerializable(typeof(Entry.GrantExpiring))]
[JsonSerializable(typeof(Entry.CreditsExhausted))]
[JsonSerializable(typeof(Entry.OverageStarted))]
[JsonSerializable(typeof(Entry.OverageAuthorized))]
[JsonSerializable(typeof(Entry.AuthorizationWithdrawn))]
[JsonSerializable(typeof(Entry.DisputeOpened))]
[JsonSerializable(typeof(Entry.DisputeResolved))]
[JsonSerializable(typeof(Entry.AgreementLow))]
[JsonSerializable(typeof(Entry.DetailErased))]
[JsonSerializable(typeof(Entry.ChangeScheduled))]
[JsonSerializable(typeof(Entry.ChangeWithdrawn))]
[JsonSerializable(typeof(Setting.Plan))]
[JsonSerializable(typeof(Setting.Zone))]
[JsonSerializable(typeof(Setting.AnchorDay))]
[JsonSerializable(typeof(Setting.Capped))]
internal sealed partial class EntryJson : JsonSerializerContext
{
    private static readonly ConcurrentDictionary<int, JsonSerializerOptions> ByDigits = new();

    /// <summary>How an entry's members are written; its time and actor stand beside them.</summary>
    /// <param name="currency">The tenant's, whose digits its amounts have; credits have them too.</param>
    public static JsonTypeInfo TypeOf(Entry entry, string currency) =>
        ByDigits.GetOrAdd(Currencies.Digits(currency), Make).GetTypeInfo(entry.GetType());

    private static JsonSerializerOptions Make(int digits)
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            IgnoreReadOnlyProperties = true,
            Encoder = WireJson.Plain,
            Converters =
            {
                new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false),
                new ShowsLimit(digits),
                new Shows<Instant>(value => value.ToString()),
                new Shows<Amount>(value => value.ToString(digits)),
                new Shows<TimeSpan>(Durations.Write),
                new Shows<DateOnly>(Text.Date),
                new Shows<ulong>(value => value.ToString("x16", System.Globalization.CultureInfo.InvariantCulture)),
                new Shows<byte[]>(Convert.ToHexStringLower),
            },
        };
        options.TypeInfoResolver = new EntryJson(new JsonSerializerOptions(options))
            .WithAddedModifier(LeaveOutTheFrame).WithAddedModifier(NameSettings);
        return options;
    }

    // Nor is it of use to a reader by what hashes repeats and end customers are known again.
    private static void LeaveOutTheFrame(JsonTypeInfo type)
    {
        if (!type.Type.IsSubclassOf(typeof(Entry)) && type.Type != typeof(Decision)) return;
        for (var i = type.Properties.Count - 1; i >= 0; i--)
            if (type.Properties[i].Name is "at" or "actor" or "fingerprint" or "customer" or "is_apart" or "is_named"
                || (type.Type == typeof(Decision)
                && type.Properties[i].Name == "currency")) type.Properties.RemoveAt(i);
    }

    private static void NameSettings(JsonTypeInfo type)
    {
        if (type.Type != typeof(Setting)) return;
        type.PolymorphismOptions = new JsonPolymorphismOptions
        {
            TypeDiscriminatorPropertyName = "kind",
            DerivedTypes =
            {
                new JsonDerivedType(typeof(Setting.Plan), "plan"),
                new JsonDerivedType(typeof(Setting.Zone), "time_zone"),
                new JsonDerivedType(typeof(Setting.AnchorDay), "anchor_day"),
                new JsonDerivedType(typeof(Setting.Capped), "cap"),
            },
        };
    }

    /// <summary>As on the wire: units or an amount.</summary>
    private sealed class ShowsLimit(int digits) : JsonConverter<Limit>
    {
        public override Limit Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("entries are only shown");

        public override void Write(Utf8JsonWriter writer, Limit value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            if (value.Amount is { } amount) writer.WriteString("amount"u8, amount.ToString(digits));
            else writer.WriteNumber("units"u8, value.Value);
            writer.WriteEndObject();
        }
    }

    private sealed class Shows<T>(Func<T, string> text) : JsonConverter<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("entries are only shown");

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            writer.WriteStringValue(text(value));
    }
}
