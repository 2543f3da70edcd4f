using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;

namespace MeteringGateway;

/// <summary>What every program of ours does with its arguments.</summary>
internal static class CommandLine
{
    /// <summary><c>--Metering:Name=value</c> is configuration, not an option of ours: the host reads it.</summary>
    public static bool IsSetting(string argument) =>
        argument.StartsWith("--Metering:", StringComparison.OrdinalIgnoreCase)
            && argument.Contains('=', StringComparison.Ordinal);

    /// <summary>A name that is given must be one: a variable that a script forgot to set is not the default.</summary>
    public static void MayNotBeEmpty(params Option<string?>[] options)
    {
        foreach (var option in options)
            option.Validators.Add(result =>
            {
                if (result.Tokens.Any(token => token.Value.Length == 0)) result.AddError($"{option.Name} is empty");
            });
    }

    /// <summary>Runs a command; what is wrong is one line on standard error.</summary>
    /// <param name="patience">How long whatever runs may take to end when it is asked to; what is not done then is cut
    /// off.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> Run(RootCommand root, string[] arguments, TimeSpan patience)
    {
        // Whoever listens for signals disposes nothing that a late one asks for: it may come at any moment of the end.
        var configuration = new InvocationConfiguration { ProcessTerminationTimeout = null,
            EnableDefaultExceptionHandler = false };
        var asked = new CancellationTokenSource();
        var late = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var terminate = Listen(PosixSignal.SIGTERM);
        using var interrupt = Listen(PosixSignal.SIGINT);
        try
        {
            var parsed = root.Parse([.. arguments.Where(argument => !IsSetting(argument))]);
            // Where nobody says how wide a line may be, one that can be read.
            if (Console.IsOutputRedirected && parsed.Action is HelpAction help) help.MaxWidth = 100;
            // `--help` has the rest.
            if (parsed.Action is ParseErrorAction error) error.ShowHelp = false;
            return await await Task.WhenAny(parsed.InvokeAsync(configuration, asked.Token), late.Task);
        }
        catch (Exception e) when (CommandException.ExplainsItself(e))
        {
            await Console.Error.WriteLineAsync(CommandException.Words(e));
            return 1;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("interrupted");
            return 1;
        }
#pragma warning disable CA1031 // It is told in full, and the process ends: without a dump of all that it held.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await Console.Error.WriteLineAsync($"metering ended by an error of its own: {e}");
            return 1;
        }

        PosixSignalRegistration Listen(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true; // the process ends by itself
            if (asked.IsCancellationRequested) return;
            _ = CutOff(signal == PosixSignal.SIGTERM ? Terminated : Interrupted);
            asked.Cancel();
        });

        async Task CutOff(int code)
        {
            await Task.Delay(patience);
            late.TrySetResult(code);
        }
    }

    /// <summary>Exit codes of what was asked to end and did not: 128 and the signal's number.</summary>
    private const int Interrupted = 130, Terminated = 143;
}
