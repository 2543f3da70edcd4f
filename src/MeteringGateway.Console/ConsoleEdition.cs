using System.Text.Json;
using MeteringGateway.Api.Html;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Requests;
using MeteringGateway.ConsolePages.Forms;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Hosting;

namespace MeteringGateway.ConsolePages;

/// <summary>
/// Pages for people at <c>/console</c>. They ask the API as any client does, in the name of whoever has signed in, and
/// have no rights and no rules of their own. Beside them, the API's own answers that browsers read as pages.
/// </summary>
public static class ConsoleEdition
{
    public static IHostApplicationBuilder AddConsole(this IHostApplicationBuilder builder)
    {
        builder.Services.AddScoped(services => new Visit(services.GetRequiredService<InProcess>()));
        builder.Services.AddSingleton(new PagesForPeople(
            (context, page) => Alone<Pages.Price>(context, Doc.Of(Bytes(page))),
            (context, statement, name) => Alone<Pages.StatementAlone>(context, (Doc.Of(Bytes(statement)), name))));
        return builder;
    }

    public static WebApplication MapConsole(this WebApplication app)
    {
        app.MapFiles();
        if (!app.Services.GetRequiredService<MeteringSettings>().Console.Enabled) return app;
        app.MapSignIn();
        app.Page<Pages.Tenants>("/console");
        app.MapTenantPages();
        app.MapReceiverPages();
        app.MapWebhookPages();
        app.Page<Pages.NotThere>("/console/{**rest}");
        return app;
    }

    private static byte[] Bytes<T>(T document) => JsonSerializer.SerializeToUtf8Bytes(document, WireJson.Typed<T>());

    /// <summary>A page of the API's own, for whoever has asked with a key or without one.</summary>
    private static async Task<string> Alone<TPage>(HttpContext context, object model) where TPage : IComponent
    {
        var visit = context.RequestServices.GetRequiredService<Visit>();
        visit.Begin(context, null);
        PageEndpoints.Guard(context.Response);
        context.Response.Headers.AppendCommaSeparatedValues("Vary", "Accept-Language");
        return "<!doctype html>\n" + await PageEndpoints.Render<TPage>(visit, model);
    }
}
