using LinuxHost;
using Microsoft.Win32.SafeHandles;

namespace CloudHypervisorStandIn.Tests;

public sealed class CommandLineTests : IDisposable
{
    private const int Interrupt = 2;
    private const int Terminate = 15;

    private readonly TestDirectory _directory = new();

    [Theory]
    [InlineData("v53.0")]
    [InlineData("v52.0")]
    [InlineData("v54.0")]
    public async Task The_version_is_printed_as_the_real_one_prints_it(string version)
    {
        using StandInProcess process = StandInProcess.Start(_directory, "a", ["-V"], version);

        Assert.Equal(0, await process.WaitForExitAsync());
        Assert.Equal($"cloud-hypervisor {version}\n", process.Output);
    }

    [Fact]
    public async Task With_v_the_version_comes_with_features()
    {
        using StandInProcess process = StandInProcess.Start(_directory, "a", ["-V", "-v"]);

        Assert.Equal(0, await process.WaitForExitAsync());
        Assert.Equal("cloud-hypervisor v53.0\nEnabled features: [\"io_uring\", \"kvm\"]\n", process.Output);
    }

    [Theory]
    [InlineData("--no-such-option")]
    [InlineData("--api-socket")]
    [InlineData("--seccomp=perhaps")]
    public async Task A_syntax_error_exits_with_2(string argument)
    {
        using StandInProcess process = StandInProcess.Start(_directory, "a", [argument]);

        Assert.Equal(2, await process.WaitForExitAsync());
        Assert.StartsWith("error: ", process.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Terminate)]
    [InlineData(Interrupt)]
    public async Task A_signal_ends_it_properly_and_only_the_lock_file_stays(int signal)
    {
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a");

        process.Signal(signal);

        Assert.Equal(0, await process.WaitForExitAsync());
        Assert.False(File.Exists(process.Socket));
        Assert.True(File.Exists($"{process.Socket}.lock"));
    }

    [Fact]
    public async Task A_second_one_on_the_same_path_exits_with_1_and_the_first_goes_on()
    {
        using StandInProcess first = await StandInProcess.ServeAsync(_directory, "a");

        using StandInProcess second = StandInProcess.Start(_directory, "b", ["--api-socket", $"path={first.Socket}"]);

        Assert.Equal(1, await second.WaitForExitAsync());
        Assert.Contains($"API socket {first.Socket} is already in use by another running instance", second.Output, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await first.CallAsync("GET", "vmm.ping"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_left_by_a_killed_one_is_replaced()
    {
        using (StandInProcess first = await StandInProcess.ServeAsync(_directory, "a"))
        {
            first.Signal(9);
            await first.WaitForExitAsync();
            Assert.True(File.Exists(first.Socket));
        }

        using StandInProcess second = await StandInProcess.ServeAsync(_directory, "a");

        Assert.StartsWith("HTTP/1.1 200 ", await second.CallAsync("GET", "vmm.ping"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_inherited_socket_is_served_and_its_path_is_left_alone()
    {
        string path = _directory["a.sock"];
        using SafeFileHandle listener = UnixListener.Open(path);
        using RawClient early = await RawClient.ConnectAsync(path);
        using StandInProcess process = StandInProcess.Start(
            _directory, "a", ["--api-socket", "fd=3"], descriptors: new Dictionary<int, SafeFileHandle> { [3] = listener });

        Assert.StartsWith("HTTP/1.1 200 ", await early.CallAsync("GET", "/api/v1/vmm.ping"), StringComparison.Ordinal);
        process.Signal(Terminate);

        Assert.Equal(0, await process.WaitForExitAsync());
        Assert.True(File.Exists(path));
        Assert.False(File.Exists($"{path}.lock"));
    }

    [Fact]
    public async Task A_restore_that_fails_on_the_command_line_exits_with_1_and_says_why()
    {
        using StandInProcess process = StandInProcess.Start(
            _directory, "a", ["--api-socket", $"path={_directory["a.sock"]}", "--restore", $"source_url=file://{_directory["none"]}"]);

        Assert.Equal(1, await process.WaitForExitAsync());
        Assert.Contains("Destination is not a directory: ", process.Output, StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Dispose();
}
