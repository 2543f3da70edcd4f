using System.CommandLine;
using System.IO.Compression;
using System.Text;
using MeteringGateway.Api.Certificates;
using MeteringGateway.Engine;
using MeteringGateway.Journal;

namespace MeteringGateway.Verify;

/// <summary>Checks a certificate or a signed head without asking anybody.</summary>
internal static class VerifyCommand
{
    private const int NotChecked = 1;
    private const int NotGood = 2;
    private const int TheyPart = 3;

    public static Command Make()
    {
        var certificate = new Argument<string>("certificate") { Description =
            "File with a certificate or a signed head, a compact JWS; - is standard input" };
        var keys = new Option<string>("--jwks") { Description =
            "File with the vendor's public keys, as /.well-known/jwks.json gives them", Required = true };
        var entries = new Option<string?>("--entries") { Description =
            "File with the tenant's journal, from 'metering journal --raw' or 'metering export': it is folded again "
                + "and compared" };
        var command = new Command("verify",
            "Check a certificate or signed head offline. Exit code 0: it is good; 1: it could not be checked; 2: it is "
                + "not good; 3: it is signed, and the entries say otherwise.") { certificate, keys, entries };
        command.SetAction((parsed, cancellation) => Run(parsed.GetRequiredValue(certificate),
            parsed.GetRequiredValue(keys), parsed.GetValue(entries), cancellation));
        return command;
    }

    private static async Task<int> Run(string certificate, string keys, string? entries,
        CancellationToken cancellation)
    {
        var signed = certificate == "-" ? await Console.In.ReadToEndAsync(cancellation)
            : await File.ReadAllTextAsync(certificate, cancellation);
        var set = await File.ReadAllBytesAsync(keys, cancellation);
        try
        {
            var proof = Proof.Read(WithoutItsEnd(signed), set);
            if (entries is not null) await Compare(proof, entries, cancellation);
            Console.WriteLine(proof.Summary());
            Console.WriteLine(entries is null ? "good; not compared with the journal (--entries)"
                : $"good; entries 1 to {proof.Last} come to the same");
            return 0;
        }
        catch (UncheckableException e)
        {
            await Console.Error.WriteLineAsync($"it could not be checked: {e.Message}");
            return NotChecked;
        }
        catch (CertificateException e)
        {
            await Console.Error.WriteLineAsync($"not good: {e.Message}");
            return e is EntriesPartException ? TheyPart : NotGood;
        }
    }

    /// <summary>A file ends its line, once.</summary>
    private static string WithoutItsEnd(string signed) => signed.EndsWith("\r\n", StringComparison.Ordinal)
        ? signed[..^2] : signed.EndsWith('\n') ? signed[..^1] : signed;

    private static async Task Compare(Proof proof, string path, CancellationToken cancellation)
    {
        var replay = new Comparison(proof);
        await using var file = Open(path);
        if (await IsExport(path))
            await foreach (var entry in ExportedEntries.Read(file, proof.Tenant, cancellation))
            {
                if (!replay.IsDone) replay.Take(entry, null);
            }
        else await Compare(replay, proof.Tenant, file, cancellation);
        replay.End();
    }

    private static async Task Compare(Comparison replay, string tenant, Stream file, CancellationToken cancellation)
    {
        using var lines = new StreamReader(file, Encoding.UTF8);
        for (var number = 1; !replay.IsDone && await lines.ReadLineAsync(cancellation) is { } line; number++)
        {
            if (line.Length == 0) continue;
            var entry = RawEntry.Read(line, number);
            if (entry.Tenant != tenant)
                throw new EntriesPartException(
                    $"the certificate is of tenant '{tenant}', and line {number} of the entries of '{entry.Tenant}'");
            if (entry.Sequence != replay.Sequence + 1)
                throw new EntriesPartException($"entry {replay.Sequence + 1} is missing: line {number} has entry "
                    + entry.Sequence);
            replay.Take(entry.Bytes, entry.Hash);
        }
    }

    private static async Task<bool> IsExport(string path)
    {
        using var lines = new StreamReader(Open(path), Encoding.UTF8);
        var start = new char[10];
        var read = await lines.ReadBlockAsync(start);
        return new string(start, 0, read) == "{\"header\":";
    }

    private static Stream Open(string path)
    {
        var file = File.OpenRead(path);
        return path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
            ? new GZipStream(file, CompressionMode.Decompress) : file;
    }
}
