using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace MeteringGateway.LoadTests;

/// <summary>What a figure was measured on, and how its cores are shared between the driver and the servers.</summary>
public sealed record Machine(int Cores, string Cpu, double MemoryGiB, string Kernel, string Dotnet, string? ServerCores,
    string? DriverCores)
{
    /// <summary>Of the last minute, as the system tells it.</summary>
    public static string Load => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    /// <param name="pin">The driver gets the first core and the servers the others; else the system shares them out, as
    /// it does in use.</param>
    public static Machine Describe(bool pin)
    {
        var cpu = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
                ?? "unknown";
        var memory = long.Parse(File.ReadLines("/proc/meminfo").First()
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        var cores = Environment.ProcessorCount;
        var pinned = pin && cores > 1 && File.Exists("/usr/bin/taskset");
        return new Machine(cores, cpu, Math.Round(memory / 1048576.0, 1), "Linux " + Environment.OSVersion.Version,
            RuntimeInformation.FrameworkDescription,
            pinned ? (cores == 2 ? "1" : string.Create(CultureInfo.InvariantCulture, $"1-{cores - 1}")) : null, pinned
                ? "0" : null);
    }

    /// <summary>Moves this process to the driver's core.</summary>
    public void PinDriver()
    {
        if (DriverCores is null) return;
        using var pin = Process.Start(new ProcessStartInfo("taskset",
            ["-a", "-p", "-c", DriverCores, Environment.ProcessId.ToString(CultureInfo.InvariantCulture)]) {
                RedirectStandardOutput = true })!;
        pin.WaitForExit();
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Cores} cores ({Cpu}), {MemoryGiB} GiB, {Kernel}, {Dotnet}; servers on core {ServerCores ?? "any"}, driver on core {DriverCores ?? "any"}");
}
