using System.Net.ServerSentEvents;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MeteringGateway.Sdk.Outboxes;

namespace MeteringGateway.Sdk.Tests;

/// <summary>
/// What the SDK reads, given real bytes that were altered: it reads them, or refuses them in its own way. METERING_FUZZ
/// sets how many of each.
/// </summary>
public sealed class DecoderFuzzTests : IDisposable
{
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("metering").FullName, "outbox");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    private static byte[] Event(int i) => Encoding.UTF8.GetBytes($$$"""
        {"specversion":"1.0","id":"e-{{{i}}}","source":"/fuzz","type":"outcome.reported","subject":"t",
        "time":"2026-11-21T12:00:00Z","data":{"outcome_type":"support.resolution","reservation":"r-{{{i}}}"}}
        """);

    /// <summary>What is read is what was written, from the beginning up to what was altered.</summary>
    [Fact]
    public void Altered_outbox_files_are_read_as_far_as_they_are_whole_or_refused()
    {
        byte[][] events = [.. Enumerable.Range(1, 4).Select(Event)];
        using (var file = OutboxFile.Open(_path).File)
        {
            foreach (var e in events) file.AddEvent(e);
            file.AddDone(2);
            file.Sync();
        }
        var (whole, random) = (File.ReadAllBytes(_path), new Random(20261129));
        for (var i = 0; i < Mutations.Count / 20; i++)
        {
            var bytes = Mutations.Of(whole, random);
            File.WriteAllBytes(_path, bytes);
            try
            {
                var (file, done, waiting) = OutboxFile.Open(_path);
                file.Dispose();
                // A piece may come twice, and the same report twice counts once.
                Assert.All(done.Concat(waiting), read =>
                    Assert.Contains(events, one => one.AsSpan().SequenceEqual(read)));
            }
            catch (IOException)
            {
                // No outbox.
            }
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void A_file_that_says_that_fewer_than_no_reports_are_done_is_cut_off_there(long count)
    {
        var content = BitConverter.GetBytes(count);
        byte[] record = [8, 0, 0, 0, .. SHA256.HashData([2, .. content])[..8], 2, .. content];
        using (var made = OutboxFile.Open(_path).File)
        {
            made.AddEvent(Event(1));
            made.Sync();
        }
        using (var stream = File.Open(_path, FileMode.Append)) stream.Write(record);

        var (file, done, waiting) = OutboxFile.Open(_path);
        file.Dispose();

        Assert.Equal((0, 1, record.Length), (done.Count, waiting.Count, (int)file.Torn));
    }

    [Fact]
    public void Altered_events_of_an_outbox_are_read_or_refused()
    {
        Assert.Equal(("t", "e-1"), (Remembered.Read(Event(1)).Key.Tenant, Remembered.Read(Event(1)).Key.Id));
        Assert.Throws<IOException>(() => Remembered.Read("""{"id":null,"subject":"t","source":"s","data":{}}"""u8
            .ToArray()));
        Fuzz(Event(1), bytes =>
        {
            var (key, _) = Remembered.Read(bytes);
            Assert.All([key.Tenant, key.Source, key.Id], Assert.NotNull);
        }, typeof(IOException));
    }

    [Fact]
    public void Altered_signals_are_heard_or_refused()
    {
        var question = Question.Outcome("support.resolution") with { Workflow = "w" };
        Fuzz("""
            event: reset
            data: {"tenant":"t"}

            event: state
            id: AbC-9
            data: {"tenant":"t","sequence":4,"key":"cap:m","action":"handoff",
            data:  "stops":[{"on":"outcome","workflow_not":["x"]},{"on":"any"}],"cap":"m","limit":{"units":3},
            data:  "reason":"cap_reached","handoff":{"to":"q","message":null},"at":"2026-11-21T12:00:00.000Z"}

            event: ready
            data: {"tenant":"t","sequence":9}

            event: resume
            data: {"tenant":"t","sequence":10,"key":"tenant","action":"resume","stops":[],"reason":"ok",
            data:  "at":"2026-11-21T12:00:00.000Z"}


            """u8.ToArray(), bytes =>
        {
            var gate = new Gate(new FakeClock());
            foreach (var item in SseParser.Create(new MemoryStream(bytes)).Enumerate())
                if (MeteringClient.Heard(item) is { } heard) gate.Hear(heard);
            _ = gate.Ask("t", question);
        }, typeof(JsonException));
    }

    private static void Fuzz(byte[] sample, Action<byte[]> read, Type refusal)
    {
        read(sample);
        var random = new Random(20261129);
        for (var i = 0; i < Mutations.Count; i++)
        {
            var bytes = Mutations.Of(sample, random);
            try
            {
                read(bytes);
            }
            catch (Exception e) when (refusal.IsInstanceOfType(e))
            {
                // Refused in its own way.
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"#{i} {Convert.ToBase64String(bytes)}", e);
            }
        }
    }
}
