using System.Buffers;
using MeteringGateway.Core;
using Orleans.Serialization;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.Serializers;
using Orleans.Serialization.WireProtocol;

namespace MeteringGateway.Cluster.Wire;

/// <summary>
/// Questions, decisions, reports and their answers between silos as <see cref="MessageCodec"/> writes them, as soon as
/// every silo reads that; until then as JSON, which all of them read. What comes is read in either form.
/// </summary>
internal sealed class MessageWire(JsonCodec json, Readers readers) : IGeneralizedCodec
{
    /// <summary>What stands before the bytes, to say what they are.</summary>
    public const string Alias = "metering.message";

    [ThreadStatic] private static ArrayBufferWriter<byte>? _bytes;

    private readonly IFieldCodec _json = json;

    public bool IsSupportedType(Type type) => type == typeof(MessageWire) || MessageCodec.Knows(type);

    public void WriteField<TBufferWriter>(ref Writer<TBufferWriter> writer, uint fieldIdDelta, Type? expectedType,
        object? value) where TBufferWriter : IBufferWriter<byte>
    {
        if (value is null || !readers.All)
        {
            _json.WriteField(ref writer, fieldIdDelta, expectedType!, value);
            return;
        }
        var bytes = _bytes ??= new ArrayBufferWriter<byte>(512);
        bytes.ResetWrittenCount();
        MessageCodec.Write(bytes, value);
        ReferenceCodec.MarkValueField(writer.Session);
        writer.WriteFieldHeader(fieldIdDelta, expectedType!, typeof(MessageWire), WireType.LengthPrefixed);
        writer.WriteVarUInt32((uint)bytes.WrittenCount);
        writer.Write(bytes.WrittenSpan);
    }

    public object? ReadValue<TInput>(ref Reader<TInput> reader, Field field)
    {
        if (field.IsReference || field.WireType != WireType.LengthPrefixed) return _json.ReadValue(ref reader, field);
        ReferenceCodec.MarkValueField(reader.Session);
        var length = reader.ReadVarUInt32();
        try
        {
            return reader.TryReadBytes((int)length, out var bytes) ? MessageCodec.Read(bytes)
                : MessageCodec.Read(reader.ReadBytes(length));
        }
        catch (FormatException foreign)
        {
            throw new SerializerException(foreign.Message, foreign);
        }
    }
}
