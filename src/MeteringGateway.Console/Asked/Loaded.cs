using Microsoft.AspNetCore.Components;

namespace MeteringGateway.ConsolePages.Asked;

/// <summary>
/// A page, or a part of one: what it shows is asked for first, and then it is written, once. A component that asks in
/// <c>OnInitializedAsync</c> is written before the answer is there, and again afterwards: each would have to be ready
/// for showing nothing.
/// </summary>
public abstract class Loaded : ComponentBase
{
    public sealed override async Task SetParametersAsync(ParameterView parameters)
    {
        parameters.SetParameterProperties(this); // what was passed is good until the first wait
        await Load();
        await base.SetParametersAsync(ParameterView.Empty);
    }

    /// <summary>Asks for what it shows.</summary>
    protected virtual Task Load() => Task.CompletedTask;
}
