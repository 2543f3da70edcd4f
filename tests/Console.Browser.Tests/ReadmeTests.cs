using System.Text.RegularExpressions;

namespace MeteringGateway.Console.Browser.Tests;

/// <summary>
/// README's five minutes in a browser, by whoever has nothing but README: the command is typed, what is bold is
/// pressed, what is italic is waited for, what is set as code is filled in.
/// </summary>
public sealed class ReadmeTests(Desk desk) : IClassFixture<Desk>
{
    [FactIfInstalled("chromium")]
    public async Task From_the_demo_to_a_cap_that_is_raised_and_a_pack_that_is_bought_as_README_says()
    {
        var section = Regex.Match(Repository.Read("README.md"), "## Five minutes in a browser\n(.*?)\n## ",
            RegexOptions.Singleline).Groups[1].Value;
        using var demo = new Demo(Regex.Match(section, "```sh\n(.*?)\n```").Groups[1].Value);
        await using var reader = await desk.Someone();
        await reader.Open(await demo.Says(@"^  (http\S+/console/enter\S+)$"));
        var field = "";
        foreach (Match said in Regex.Matches(section[section.LastIndexOf("```", StringComparison.Ordinal)..][3..],
            @"\*\*(?<press>[^*]+)\*\*|\*(?<see>[^*]+)\*|`(?<type>[^`]+)`"))
        {
            if (said.Groups["see"].Success) await reader.Reads(said.Groups["see"].Value, Demo.Patience);
            else if (said.Groups["type"].Success) await reader.Fill(field, said.Groups["type"].Value);
            else if (await reader.CanFill(said.Groups["press"].Value)) field = said.Groups["press"].Value;
            else await reader.Choose(said.Groups["press"].Value);
        }
        // Twelve and eighteen interviews used up the credits, forty cases the cap: there are more since.
        await reader.Choose("Overview");
        await reader.Reads(new Regex(@"interview\.completed\s*(3[1-9]|40)"), Demo.Patience);
        await reader.Choose("Accounts");
        await reader.Choose("Harbor Books");
        await reader.Reads(new Regex(@"(4[1-9]|5\d|60)\sunits of 60\sunits used"), Demo.Patience);
        Assert.Empty(reader.Complaints);
        Assert.Equal(0, await demo.End());
    }
}
