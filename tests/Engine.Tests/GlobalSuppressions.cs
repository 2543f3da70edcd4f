using System.Diagnostics.CodeAnalysis;

[assembly: SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable",
    Justification = "xunit's IAsyncLifetime disposes them")]
