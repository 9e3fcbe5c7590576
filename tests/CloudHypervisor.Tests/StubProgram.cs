using MachineFixtures;

namespace CloudHypervisor.Tests;

/// <summary>The program that stands for Cloud Hypervisor, where every user can start it.</summary>
internal static class StubProgram
{
    private const UnixFileMode ForEverybody =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <param name="directory">Opened for others.</param>
    /// <param name="version">What it answers to -V.</param>
    /// <returns>Its path.</returns>
    internal static string Install(TestDirectory directory, string version = "cloud-hypervisor v53.0")
    {
        File.SetUnixFileMode(directory.Path, ForEverybody);
        string program = directory["cloud-hypervisor"];
        File.Copy(Path.Combine(AppContext.BaseDirectory, "stub-cloud-hypervisor"), program);
        File.SetUnixFileMode(program, ForEverybody);
        File.WriteAllText(directory["version"], version);
        return program;
    }

    /// <summary>Puts another file in its place, as an upgrade does.</summary>
    internal static void Replace(string program, string version)
    {
        string next = $"{program}.next";
        File.Copy(program, next);
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(program)!, "version"), version);
        File.Move(next, program, overwrite: true);
    }
}
