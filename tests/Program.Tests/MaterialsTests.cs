using System.Text.Json;
using MeteringGateway.LoadTests;

namespace MeteringGateway.Program.Tests;

/// <summary>The bill of materials, made as docs/security.md says, against what the program brings with it.</summary>
public sealed class MaterialsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("metering-materials-").FullName;

    [Fact]
    public async Task Every_package_that_is_shipped_is_in_the_bill_of_materials_with_its_version_and_hash()
    {
        var ended = await Shell.Run("dotnet tool restore && dotnet CycloneDX src/MeteringGateway/MeteringGateway.csproj "
            + $"--recursive --disable-package-restore --set-name metering -F Json -o '{_folder}' -fn metering.cdx.json");
        Assert.True(ended.Code == 0, ended.Output + ended.Error);

        using var bill = JsonDocument.Parse(
            await File.ReadAllTextAsync(Path.Combine(_folder, "metering.cdx.json")));
        using var shipped = JsonDocument.Parse(
            await File.ReadAllTextAsync(Path.ChangeExtension(Options.DefaultDll(), ".deps.json")));
        var named = bill.RootElement.GetProperty("components").EnumerateArray()
            .Where(one => one.GetProperty("hashes").GetArrayLength() > 0)
            .Select(one => $"{one.GetProperty("name")}/{one.GetProperty("version")}").ToHashSet();
        var packages = shipped.RootElement.GetProperty("libraries").EnumerateObject()
            .Where(one => one.Value.GetProperty("type").GetString() == "package").Select(one => one.Name).ToList();
        Assert.NotEmpty(packages);
        Assert.Empty(packages.Except(named));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
