using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.ConsolePages.Asked;

/// <summary>Answers requests with pages: components that are rendered here and then are plain HTML.</summary>
internal static class PageEndpoints
{
    /// <summary>Nothing from elsewhere, nothing in line: what somebody typed never becomes script or style.</summary>
    private const string Policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        + "object-src 'none'";

    /// <summary>A page that whoever is signed in sees.</summary>
    public static void Page<TPage>(this IEndpointRouteBuilder app, string path) where TPage : IComponent =>
        app.MapGet(path, context => Serve<TPage>(context, null)).ForPeople().ExcludeFromDescription();

    /// <summary>A form that is sent from a page: done, it leads on; wrong, the page says what is wrong.</summary>
    /// <param name="send">Returns where to go on; null: the page is shown, with what was typed.</param>
    public static void Form<TPage>(this IEndpointRouteBuilder app, string path,
        Func<Visit, Task<string?>> send)
        where TPage : IComponent =>
        app.MapPost(path, context => Serve<TPage>(context, send)).ForPeople().ExcludeFromDescription();

    /// <summary>A file of the API's, by its own address and in the form that is named.</summary>
    public static void File(this IEndpointRouteBuilder app, string path,
        Func<Visit, (string Target, string Form)> of) =>
        app.MapGet(path, async context =>
        {
            var visit = context.RequestServices.GetRequiredService<Visit>();
            visit.Begin(context, await SessionCookie.Find(context));
            if (visit.Caller is null)
            {
                Lead(context, "/console/sign-in");
                return;
            }
            var (target, form) = of(visit);
            await visit.Relay(target, form);
        }).ForPeople().ExcludeFromDescription();

    private static async Task Serve<TPage>(HttpContext context, Func<Visit, Task<string?>>? send)
        where TPage : IComponent
    {
        var visit = context.RequestServices.GetRequiredService<Visit>();
        visit.Begin(context, await SessionCookie.Find(context));
        if (visit.Caller is null)
        {
            var back = send is null ? context.Request.Path + context.Request.QueryString : "/console";
            Lead(context, $"/console/sign-in?to={Uri.EscapeDataString(back)}");
            return;
        }
        await Answer<TPage>(visit, send is null ? null : async () =>
        {
            await visit.ReadForm();
            if (!visit.Proves() || SessionCookie.IsFromElsewhere(context.Request))
                throw new WrongException(StatusCodes.Status403Forbidden,
                    "This form is not of your session: open the page again, and send it from there.");
            return await send(visit);
        });
    }

    /// <summary>Does what is to be done, and shows the page where it does not lead on.</summary>
    public static async Task Answer<TPage>(Visit visit, Func<Task<string?>>? send) where TPage : IComponent
    {
        var status = StatusCodes.Status200OK;
        try
        {
            if (send is not null && await send() is { } to)
            {
                Lead(visit.Context, to);
                return;
            }
        }
        catch (WrongException wrong)
        {
            (visit.Wrong, status) = (wrong.Problem, wrong.Status);
        }
        await Show<TPage>(visit, status);
    }

    public static async Task Show<TPage>(Visit visit, int status, object? model = null) where TPage : IComponent
    {
        string page;
        try
        {
            page = await Render<TPage>(visit, model);
        }
        catch (WrongException wrong)
        {
            (visit.Wrong, status) = (wrong.Problem, wrong.Status);
            page = await Render<Pages.NotPossible>(visit, null);
        }
        await Write(visit.Context, status, page);
    }

    public static async Task<string> Render<TPage>(Visit visit, object? model) where TPage : IComponent
    {
        var services = visit.Context.RequestServices;
        await using var renderer = new HtmlRenderer(services, services.GetRequiredService<ILoggerFactory>());
        return await renderer.Dispatcher.InvokeAsync(async () =>
        {
            var parameters = model is null ? ParameterView.Empty
                : ParameterView.FromDictionary(new Dictionary<string, object?> { ["Model"] = model });
            var root = await renderer.RenderComponentAsync<TPage>(parameters);
            return root.ToHtmlString();
        });
    }

    public static async Task Write(HttpContext context, int status, string page)
    {
        var response = context.Response;
        response.StatusCode = status;
        Guard(response);
        response.ContentType = "text/html; charset=utf-8";
        var bytes = Encoding.UTF8.GetBytes("<!doctype html>\n" + page);
        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    public static void Guard(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers["Referrer-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
    }

    /// <summary>Always asked with GET: what was sent is not sent again by going back.</summary>
    public static void Lead(HttpContext context, string to)
    {
        Guard(context.Response);
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = to;
    }
}
