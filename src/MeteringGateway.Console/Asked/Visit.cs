using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using MeteringGateway.Api.Requests;
using MeteringGateway.Api.SignIn;
using Microsoft.AspNetCore.Http.Features;

namespace MeteringGateway.ConsolePages.Asked;

/// <summary>
/// One request of somebody who looks at pages: who it is, what was asked and typed, and the API, asked in their name.
/// </summary>
public sealed class Visit
{
    private static readonly JsonSerializerOptions Plain = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private static readonly FormOptions FormLimits = new()
    {
        ValueCountLimit = 64, KeyLengthLimit = 64, ValueLengthLimit = 16 * 1024, BufferBodyLengthLimit = 64 * 1024,
    };

    private readonly InProcess _api;
    private readonly Dictionary<string, Doc> _told = new(StringComparer.Ordinal);
    private IFormCollection _form = FormCollection.Empty;

    internal Visit(InProcess api) => _api = api;

    internal HttpContext Context { get; private set; } = null!;
    internal Principal? Caller { get; private set; }
    internal Session? Session { get; private set; }

    /// <summary>How whoever looks writes numbers and dates.</summary>
    public Locale Locale { get; private set; } = Locale.Default;

    /// <summary>What was wrong with what was asked or typed; null: nothing.</summary>
    public Doc Wrong { get; internal set; }

    /// <summary>What this answer alone shows, and no address has: the secret of something.</summary>
    public (string Of, string Text)? Secret { get; internal set; }

    /// <summary>What forms repeat.</summary>
    public string Token => Session?.Token ?? "";

    public string Path => Context.Request.Path;

    /// <summary>Of this page, to be asked again.</summary>
    public string Address => Context.Request.Path + Context.Request.QueryString;

    internal void Begin(HttpContext context, (Principal Caller, Session Session)? who)
    {
        (Context, Caller, Session) = (context, who?.Caller, who?.Session);
        Locale = Locale.Of(context.Request.Headers.AcceptLanguage);
    }

    /// <exception cref="WrongException">It is no form, or too long.</exception>
    internal async Task ReadForm()
    {
        if (!Context.Request.HasFormContentType || Context.Request.ContentLength > FormLimits.BufferBodyLengthLimit)
            throw new WrongException(StatusCodes.Status400BadRequest, "This is no form of the console.");
        try
        {
            _form = await new FormFeature(Context.Request, FormLimits).ReadFormAsync(Context.RequestAborted);
        }
        catch (InvalidDataException)
        {
            throw new WrongException(StatusCodes.Status400BadRequest, "The form is too long.");
        }
    }

    /// <summary>By what the form itself has: an address is kept by proxies and histories.</summary>
    internal bool Proves() => Session is { } session && CryptographicOperations.FixedTimeEquals(
        Encoding.UTF8.GetBytes(session.Token), Encoding.UTF8.GetBytes(_form["token"].ToString()));

    internal bool May(Permission anyOf) => Caller?.May(anyOf) == true;

    /// <summary>A part of the page's address.</summary>
    public string Route(string name) => (string?)Context.Request.RouteValues[name] ?? "";

    public string Tenant => Route("tenant");

    /// <summary>The page of one of its outcomes.</summary>
    public string Outcome(string id) => $"/console/tenants/{Tenant}/outcomes/{Uri.EscapeDataString(id)}";

    /// <summary>What was typed, else what the address says; null where that is nothing.</summary>
    public string? Field(string name)
    {
        var value = _form.TryGetValue(name, out var typed) ? typed.ToString()
            : Context.Request.Query[name].ToString();
        return string.IsNullOrWhiteSpace(value) ? null : value.Trim();
    }

    /// <exception cref="WrongException">Nothing was typed.</exception>
    internal string Demand(string name, string wrong) =>
        Field(name) ?? throw new WrongException(StatusCodes.Status422UnprocessableEntity, wrong);

    /// <summary>A number that was typed as where the reader comes from, as the API reads it.</summary>
    public string? Typed(string name) => Field(name) is { } typed ? Locale.Typed(typed) : null;

    /// <summary>The same where it is to be whole.</summary>
    /// <exception cref="WrongException">It is no whole number.</exception>
    public long? TypedCount(string name, string called) => Typed(name) is not { } typed ? null
        : long.TryParse(typed, System.Globalization.NumberStyles.None,
            System.Globalization.CultureInfo.InvariantCulture, out var count) ? count
        : throw new WrongException(StatusCodes.Status422UnprocessableEntity, $"{called} must be a whole number.");

    /// <summary>What several parts of a page show is asked for once.</summary>
    /// <exception cref="WrongException">The API answered with a problem.</exception>
    public async Task<Doc> Get(string target)
    {
        if (_told.TryGetValue(target, out var told)) return told;
        var reply = await _api.Send(Context, Caller, HttpMethods.Get, target);
        return reply.Status < 400 ? _told[target] = Doc.Of(reply.Body)
            : throw new WrongException(reply.Status, Doc.Of(reply.Body));
    }

    /// <summary>What is no JSON document.</summary>
    /// <exception cref="WrongException">The API answered with a problem.</exception>
    public async Task<byte[]> Read(string target)
    {
        var reply = await _api.Send(Context, Caller, HttpMethods.Get, target);
        return reply.Status < 400 ? reply.Body : throw new WrongException(reply.Status, Doc.Of(reply.Body));
    }

    /// <summary>Null-like where there is none, or it is not for this role.</summary>
    public async Task<Doc> Find(string target)
    {
        try
        {
            return await Get(target);
        }
        catch (WrongException wrong) when (wrong.Status is StatusCodes.Status404NotFound
            or StatusCodes.Status403Forbidden)
        {
            return Doc.None;
        }
    }

    /// <summary>A change; what the form calls <c>once</c> makes it the same one when it is sent twice.</summary>
    /// <exception cref="WrongException">The API answered with a problem.</exception>
    public async Task<Doc> Send(string method, string target, object? body = null)
    {
        _told.Clear();
        var json = body is null ? null : JsonSerializer.SerializeToUtf8Bytes(body, Plain);
        (string, string)[] headers = Field("once") is { } once ? [("Idempotency-Key", once)] : [];
        var reply = await _api.Send(Context, Caller, method, target, json, headers);
        return reply.Status < 400 ? Doc.Of(reply.Body) : throw new WrongException(reply.Status, Doc.Of(reply.Body));
    }

    /// <summary>As <see cref="Get"/>, with a key in place of a session.</summary>
    internal async Task<Doc> GetAs(string key, string target)
    {
        var reply = await _api.Send(Context, null, HttpMethods.Get, target, null, ("Authorization", $"Bearer {key}"));
        return reply.Status < 400 ? Doc.Of(reply.Body) : throw new WrongException(reply.Status, Doc.Of(reply.Body));
    }

    internal Task Relay(string target, string accept) => _api.Instead(Context, Caller!, target, accept);

    /// <summary>Something nobody has had: a form that is sent twice does what it does once.</summary>
    public static string Once() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
}

/// <summary>What was asked cannot be: as the API said it.</summary>
internal sealed class WrongException(int status, Doc problem) : Exception
{
    public WrongException(int status, string detail) : this(status, Doc.Of(JsonSerializer.SerializeToUtf8Bytes(
        new { detail, code = "wrong" })))
    {
    }

    public int Status => status;
    public Doc Problem => problem;
}
