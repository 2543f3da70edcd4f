using System.Buffers.Text;
using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace MeteringGateway.Api.Tests;

/// <summary>The examples of <c>docs/certificates.md</c>, as they stand there, with nothing of ours.</summary>
public class CertificateExampleTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [FactIfInstalled("node")]
    public Task Node_alone_verifies_a_certificate() => Verifies("js", "node", "example-node");

    [FactIfInstalled("openssl", "python3")]
    public Task Python_with_openssl_verifies_a_certificate() => Verifies("python", "python3", "example-python");

    private async Task Verifies(string language, string program, string tenant)
    {
        await _gateway.Tenant(tenant);
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("o-1", tenant))
            .Is(HttpStatusCode.Created);
        var certificate = await Support.Signed.Jose(_gateway.Admin,
            $"/v1/tenants/{tenant}/outcomes/o-1/certificate");
        var folder = Directory.CreateTempSubdirectory("metering").FullName;
        try
        {
            var script = Path.Combine(folder, language == "js" ? "verify.cjs" : "verify.py");
            await File.WriteAllTextAsync(script, Example(language));
            await File.WriteAllBytesAsync(Path.Combine(folder, "keys.json"), await Support.Signed.Keys(_gateway));

            var parts = certificate.Split('.');
            Assert.Equal((0, "good"), await Run(certificate));
            Assert.Equal((0, "good"), await Run(await Support.Signed.Jose(_gateway.Admin,
                $"/v1/tenants/{tenant}/statements/current/head")));
            var changed = Support.Signed.Payload(certificate);
            changed["outcome"]!["amount"] = "0.01";
            var payload = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(changed.ToJsonString()));
            Assert.Equal((1, "the signature does not fit"), await Run($"{parts[0]}.{payload}.{parts[2]}"));
            var none = Base64Url.EncodeToString("""{"alg":"none"}"""u8);
            Assert.Equal((1, "only ES256 is taken"), await Run($"{none}.{parts[1]}."));

            async Task<(int, string)> Run(string signed)
            {
                await File.WriteAllTextAsync(Path.Combine(folder, "certificate"), signed);
                using var process = Process.Start(new ProcessStartInfo(program,
                    [script, Path.Combine(folder, "certificate"), Path.Combine(folder, "keys.json")])
                { RedirectStandardOutput = true, RedirectStandardError = true })!;
                var error = process.StandardError.ReadToEndAsync();
                var output = await process.StandardOutput.ReadToEndAsync();
                await process.WaitForExitAsync();
                return (process.ExitCode, (output + await error).Trim());
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Example(string language)
    {
        var page = Repository.Read("docs/certificates.md");
        return Assert.Single(Regex.Matches(page, $"```{language}\n(.*?)```", RegexOptions.Singleline)).Groups[1].Value;
    }
}
