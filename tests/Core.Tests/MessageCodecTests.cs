using System.Buffers;
using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;

namespace MeteringGateway.Core.Tests;

/// <summary>What silos tell each other most, in its short form.</summary>
public sealed class MessageCodecTests
{
    private static readonly JsonSerializerOptions Json = new() { IncludeFields = false };

    public static TheoryData<Type> Messages =>
        [typeof(Question), typeof(Decision), typeof(Command.ReportOutcome), typeof(Answer.Accepted)];

    [Theory, MemberData(nameof(Messages))]
    public void Every_member_travels(Type type)
    {
        var message = new Filler().Make(type);
        Assert.Equal(JsonSerializer.Serialize(message, type, Json),
            JsonSerializer.Serialize(MessageCodec.Read(Written(message)), type, Json));
    }

    [Theory, MemberData(nameof(Messages))]
    public void What_may_be_missing_may_be_missing(Type type)
    {
        var message = new Filler { Missing = true }.Make(type);
        Assert.Equal(JsonSerializer.Serialize(message, type, Json),
            JsonSerializer.Serialize(MessageCodec.Read(Written(message)), type, Json));
    }

    [Theory, MemberData(nameof(Messages))]
    public void Members_that_are_not_known_are_skipped(Type type)
    {
        var message = new Filler().Make(type);
        byte[] more = [.. Written(message), 7, 1, 200];
        Assert.Equal(JsonSerializer.Serialize(message, type, Json),
            JsonSerializer.Serialize(MessageCodec.Read(more), type, Json));
    }

    [Theory, MemberData(nameof(Messages))]
    public void Bytes_that_end_early_are_no_message(Type type)
    {
        var made = new Filler().Make(type);
        var whole = Written(made);
        int[] ends = made is Decision decision ? Ends(decision)
            : made is Command.ReportOutcome ? [whole.Length - sizeof(ulong)] : [];
        for (var length = 0; length < whole.Length; length++)
            if (!ends.Contains(length))
                Assert.Throws<FormatException>(() => MessageCodec.Read(whole.AsSpan(0, length)));
    }

    [Fact]
    public void Members_that_an_older_silo_does_not_know_are_missing()
    {
        var decision = (Decision)new Filler().Make(typeof(Decision));
        var whole = Written(decision);
        var (first, second) = (decision with { At = null, Currency = null }, decision with { Currency = null });
        Assert.Equal([Written(first).Length - 2, Written(second).Length - 1], Ends(decision));
        foreach (var (end, read) in Ends(decision).Zip([first, second]))
            Assert.Equal(JsonSerializer.Serialize(read, Json),
                JsonSerializer.Serialize(MessageCodec.Read(whole.AsSpan(0, end)), typeof(Decision), Json));
    }

    /// <summary>Where a decision ended before its time, and then its currency, were added; each is a byte alone if it
    /// is missing.</summary>
    private static int[] Ends(Decision decision) =>
        [Written(decision with { At = null, Currency = null }).Length - 2,
            Written(decision with { Currency = null }).Length - 1];

    [Fact]
    public void Another_version_or_kind_is_told_by_its_number()
    {
        Assert.Contains("version 9", Assert.Throws<FormatException>(() => MessageCodec.Read([9, 1])).Message,
            StringComparison.Ordinal);
        Assert.Contains("kind 99",
            Assert.Throws<FormatException>(() => MessageCodec.Read([MessageCodec.Version, 99])).Message,
            StringComparison.Ordinal);
    }

    /// <summary>An upgrade has silos of two versions side by side: these bytes keep their meaning.</summary>
    [Fact]
    public void What_an_older_silo_writes_is_read()
    {
        Assert.Equal(new Question(new Subject("charter", IsActivity: false, Dimensions.None), 2, "s1"),
            Read("01010763686172746572000000000401027331"));
        Assert.Equal(new Decision(DecisionKind.Allow, DecisionReason.Ok, 3, null, null, null, null, null,
            new DateOnly(2026, 11, 1), 9), Read("0102000001060000000000d0942d12"));
        Assert.Equal(new Command.ReportOutcome(new EventId("/s", "a"), null, "charter", "a")
            { Fingerprint = 7, Quantity = 3, Result = Result.Escalated, HandedOff = true },
            Assert.IsType<Command.ReportOutcome>(
                Read("0103022f7301610700000000000000000763686172746572016106010000000000000100000000"))
                    with { CriteriaMet = [] });
        Assert.Equal(new Answer.Accepted(true, new OutcomeSummary("o", OutcomeStatus.Pending, Reason.None), 7)
            { Sequence = 5 }, Read("01040a0101016f0000010e"));
    }

    private static object Read(string hex) => MessageCodec.Read(Convert.FromHexString(hex));

    private static byte[] Written(object message)
    {
        var to = new ArrayBufferWriter<byte>();
        MessageCodec.Write(to, message);
        return to.WrittenSpan.ToArray();
    }

    /// <summary>Makes values whose members are all there and all different, or all missing that may be.</summary>
    internal sealed class Filler
    {
        private int _next = 1;

        public bool Missing { get; init; }

        public object Make(Type type)
        {
            var made = type.GetConstructors().MaxBy(constructor => constructor.GetParameters().Length) is { } full
                ? full.Invoke([.. full.GetParameters().Select(one => Value(one.ParameterType, IsOptional(one)))])
                : Activator.CreateInstance(type)!;
            foreach (var property in type.GetProperties().Where(property => property.SetMethod is not null
                && !Taken(type).Contains(property.Name)))
                property.SetMethod!.Invoke(made, [Value(property.PropertyType, IsOptional(property))]);
            return made;
        }

        private static IEnumerable<string?> Taken(Type type) =>
            type.GetConstructors().SelectMany(constructor => constructor.GetParameters()).Select(one => one.Name);

        private object? Value(Type type, bool optional)
        {
            if (Nullable.GetUnderlyingType(type) is { } inner) return Missing ? null : Value(inner, optional: false);
            if (Missing && optional) return null;
            var number = _next++;
            return type switch
            {
                _ when type == typeof(string) => $"text-{number}",
                _ when type == typeof(bool) => true,
                _ when type.IsEnum => Enum.GetValues(type).GetValue(Enum.GetValues(type).Length - 1),
                _ when type == typeof(DateOnly) => DateOnly.FromDayNumber(700_000 + number),
                _ when type == typeof(byte[]) => new byte[] { (byte)number, 2, 3 },
                _ when type == typeof(ImmutableArray<string>) => Missing ? [] : ImmutableArray.Create($"word-{number}"),
                _ when type.IsPrimitive => Convert.ChangeType(number, type, null),
                _ => Make(type),
            };
        }

        private static bool IsOptional(ParameterInfo one) =>
            new NullabilityInfoContext().Create(one).WriteState == NullabilityState.Nullable;

        private static bool IsOptional(PropertyInfo one) =>
            new NullabilityInfoContext().Create(one).WriteState == NullabilityState.Nullable;
    }
}
