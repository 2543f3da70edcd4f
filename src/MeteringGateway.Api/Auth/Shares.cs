namespace MeteringGateway.Api.Auth;

/// <summary>
/// What a key has of each kind. A key that is bound to tenants and makes others is one of a family with them, and with
/// those that they make: all together have so many times as much as one key may (N4).
/// </summary>
internal class Shares(Shares? family = null)
{
    public const int OfFamily = 4;

    /// <summary>Requests.</summary>
    public TokenBucket Bucket { get; } = new(family?.Bucket);
    public TokenBucket Events { get; } = new(family?.Events);

    /// <summary>Open streams.</summary>
    public KeyShare Streams { get; } = new(family?.Streams);
    /// <summary>Requests under way, streams among them.</summary>
    public KeyShare Requests { get; } = new(family?.Requests);
    /// <summary>Of these, those that read lists, figures, statements or entries.</summary>
    public KeyShare Reads { get; } = new(family?.Reads);
    /// <summary>Of these, those whose answer is large, whatever it is of: it is held whole until it is read.</summary>
    public KeyShare LargeReads { get; } = new(family?.LargeReads);
    /// <summary>Of these, those that change what is configured.</summary>
    public KeyShare Changes { get; } = new(family?.Changes);
    /// <summary>Of these, those that replay a journal.</summary>
    public KeyShare Previews { get; } = new(family?.Previews);
    /// <summary>Bytes of large bodies of requests under way.</summary>
    public KeyShare Bodies { get; } = new(family?.Bodies);
}
