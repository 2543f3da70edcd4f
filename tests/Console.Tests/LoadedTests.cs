using System.Reflection;
using MeteringGateway.ConsolePages;
using MeteringGateway.ConsolePages.Asked;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Console.Tests;

/// <summary>Nothing of a page is written before what it shows is there.</summary>
public sealed class LoadedTests
{
    [Fact]
    public async Task A_page_is_written_once_when_what_it_shows_has_come()
    {
        var services = new ServiceCollection().BuildServiceProvider();
        await using var renderer = new HtmlRenderer(services, NullLoggerFactory.Instance);
        var page = await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<Waits>()).ToHtmlString());
        Assert.Equal("it has come, written 1 times", page);
    }

    [Fact]
    public void Every_page_and_part_asks_where_that_is_so()
    {
        var components = typeof(ConsoleEdition).Assembly.GetTypes()
            .Where(type => typeof(IComponent).IsAssignableFrom(type) && !type.IsAbstract).ToList();
        Assert.True(components.Count > 30);
        Assert.All(components, component => Assert.True(component.IsSubclassOf(typeof(Loaded)), component.Name));
        Assert.Empty(components.SelectMany(component => component.GetMethods(BindingFlags.Instance
                | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(method => method.Name is "OnInitializedAsync" or "OnParametersSetAsync" or "OnAfterRenderAsync")
            .Select(method => $"{method.DeclaringType!.Name}.{method.Name}"));
    }

    private sealed class Waits : Loaded
    {
        private string? _come;
        private int _written;

        protected override async Task Load()
        {
            await Task.Yield();
            _come = "it has come";
        }

        protected override void BuildRenderTree(RenderTreeBuilder builder) =>
            builder.AddContent(0, $"{_come}, written {++_written} times");
    }
}
