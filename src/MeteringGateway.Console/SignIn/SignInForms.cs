using MeteringGateway.Api.Keys;
using MeteringGateway.Api.SignIn;
using MeteringGateway.Api.Problems;
using MeteringGateway.Engine;

namespace MeteringGateway.ConsolePages;

/// <summary>In with a key or with a link, and out.</summary>
internal static class SignInForms
{
    public static void MapSignIn(this IEndpointRouteBuilder app)
    {
        app.MapGet("/console/sign-in", context => Show<Pages.SignIn>(context)).ForPeople().ExcludeFromDescription();
        app.MapPost("/console/sign-in", context => Answer<Pages.SignIn>(context, WithKey)).ForPeople()
            .ExcludeFromDescription();
        app.MapGet("/console/enter", context => Show<Pages.Enter>(context)).ForPeople().ExcludeFromDescription();
        app.MapPost("/console/enter", context => Answer<Pages.Enter>(context, WithLink)).ForPeople()
            .ExcludeFromDescription();
        app.Form<Pages.SignIn>("/console/sign-out", async visit =>
        {
            var services = visit.Context.RequestServices;
            await services.GetRequiredService<Sessions>().End(visit.Session!, services.GetRequiredService<IStore>(),
                visit.Context.RequestAborted);
            SessionCookie.Remove(visit.Context);
            return "/console/sign-in?said=out";
        });
    }

    private static Task Show<TPage>(HttpContext context) where TPage : Microsoft.AspNetCore.Components.IComponent =>
        PageEndpoints.Show<TPage>(Begin(context), StatusCodes.Status200OK);

    private static Visit Begin(HttpContext context)
    {
        var visit = context.RequestServices.GetRequiredService<Visit>();
        visit.Begin(context, null);
        return visit;
    }

    private static Task Answer<TPage>(HttpContext context, Func<Visit, Task<string?>> send)
        where TPage : Microsoft.AspNetCore.Components.IComponent
    {
        var visit = Begin(context);
        return PageEndpoints.Answer<TPage>(visit, async () =>
        {
            await visit.ReadForm();
            if (SessionCookie.IsFromElsewhere(context.Request))
                throw new WrongException(StatusCodes.Status403Forbidden, "This form was sent from another site.");
            try
            {
                return await send(visit);
            }
            catch (ProblemException wrong)
            {
                throw new WrongException(wrong.Problem.Status, wrong.Problem.Detail);
            }
        });
    }

    /// <summary>The gate looks at the key, as at every other: who guesses is slowed down in the same way.</summary>
    private static async Task<string?> WithKey(Visit visit)
    {
        if (visit.Field("key") is not { Length: <= 512 } key)
            throw new WrongException(StatusCodes.Status422UnprocessableEntity, "Enter your key.");
        await visit.GetAs(key, "/v1/key");
        var services = visit.Context.RequestServices;
        var principal = services.GetRequiredService<KeyRing>().Find($"Bearer {key}")
            ?? throw new WrongException(StatusCodes.Status401Unauthorized, "This key was ended a moment ago.");
        SessionCookie.Set(visit.Context, services.GetRequiredService<Sessions>().Open(principal));
        return Within(visit.Field("to"));
    }

    private static async Task<string?> WithLink(Visit visit)
    {
        var services = visit.Context.RequestServices;
        if (await services.GetRequiredService<Sessions>().Exchange(visit.Field("code") ?? "",
            services.GetRequiredService<IStore>(), visit.Context.RequestAborted) is not { } found)
            throw new WrongException(StatusCodes.Status410Gone,
                "This link was used already, or its time is over. Ask for another one.");
        SessionCookie.Set(visit.Context, found.Session);
        return Within(found.To);
    }

    /// <summary>Nowhere but into the console.</summary>
    private static string Within(string? to) => to is not null && ConsoleLinkEndpoints.IsWithin(to) ? to : "/console";
}
