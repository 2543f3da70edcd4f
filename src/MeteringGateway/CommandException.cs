namespace MeteringGateway;

/// <summary>A command cannot go on; the message is all that its user needs. The exit code is 1.</summary>
internal sealed class CommandException(string message, Exception? inner = null) : Exception(message, inner);
