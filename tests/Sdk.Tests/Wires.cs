namespace MeteringGateway.Sdk.Tests;

/// <summary>Answers that a test writes.</summary>
internal sealed class Answers(Func<HttpRequestMessage, int, HttpResponseMessage> answer) : HttpMessageHandler
{
    private readonly List<Sent> _sent = [];

    public IReadOnlyList<Sent> All
    {
        get { lock (_sent) return [.. _sent]; }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
        CancellationToken cancellationToken)
    {
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        int count;
        lock (_sent)
        {
            _sent.Add(new Sent(request.RequestUri!.PathAndQuery, body, One(request, "Idempotency-Key"),
                One(request, "Last-Event-ID")));
            count = _sent.Count;
        }
        return answer(request, count);
    }

    public static HttpResponseMessage Json(HttpStatusCode status, string body, string media = "application/json") =>
        new(status) { Content = new StringContent(body, System.Text.Encoding.UTF8, media) };

    public static HttpResponseMessage Problem(HttpStatusCode status, string code, int? retryAfter = null)
    {
        var response = Json(status, $$"""{"status":{{(int)status}},"code":"{{code}}","title":"t","detail":"d"}""",
            "application/problem+json");
        if (retryAfter is { } seconds) response.Headers.Add("Retry-After", $"{seconds}");
        return response;
    }

    private static string? One(HttpRequestMessage request, string name) =>
        request.Headers.TryGetValues(name, out var values) ? values.Single() : null;
}

internal sealed record Sent(string Path, string Body, string? IdempotencyKey, string? LastEventId);

/// <summary>What an application put between, with a fault of its own: the first sendings fail by no exception that a
/// network has.</summary>
internal sealed class Failing(HttpMessageHandler? inner = null) : DelegatingHandler(inner ?? new SocketsHttpHandler())
{
    private int _failures;

    /// <summary>So many more fail.</summary>
    public int Failures
    {
        get => Volatile.Read(ref _failures);
        set => Volatile.Write(ref _failures, value);
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
        CancellationToken cancellationToken) => Interlocked.Decrement(ref _failures) >= 0
        ? throw new InvalidOperationException("a handler's own fault")
        : base.SendAsync(request, cancellationToken);
}

/// <summary>The network to a real gateway, which a test cuts: streams break off, and nothing is answered.</summary>
internal sealed class Cable() : DelegatingHandler(new SocketsHttpHandler())
{
    private readonly List<Breaking> _open = [];
    private volatile bool _isCut;

    /// <summary>Streams that were opened, in all.</summary>
    public int Opened { get; private set; }

    public void Cut()
    {
        _isCut = true;
        Break();
    }

    public void Mend() => _isCut = false;

    /// <summary>Streams that are open break off; new ones are let.</summary>
    public void Break()
    {
        lock (_open)
        {
            foreach (var stream in _open) stream.Break();
            _open.Clear();
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
        CancellationToken cancellationToken)
    {
        if (_isCut) throw new HttpRequestException("the cable is cut");
        var response = await base.SendAsync(request, cancellationToken);
        if (response.Content.Headers.ContentType?.MediaType != "text/event-stream") return response;
        var stream = new Breaking(await response.Content.ReadAsStreamAsync(cancellationToken));
        lock (_open)
        {
            _open.Add(stream);
            Opened++;
        }
        response.Content = new StreamContent(stream);
        return response;
    }

    private sealed class Breaking(Stream inner) : Stream
    {
        private readonly CancellationTokenSource _broken = new();

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }


        public void Break() => _broken.Cancel();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer,
            CancellationToken cancellationToken = default)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _broken.Token);
            try
            {
                return await inner.ReadAsync(buffer, either.Token);
            }
            catch (OperationCanceledException) when (_broken.IsCancellationRequested)
            {
                throw new IOException("the stream broke off");
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Flush() { }

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
