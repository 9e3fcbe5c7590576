using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace LinuxHost.Tests.Processes;

public sealed class SpawnTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Output => _directory.File("output");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 7", 7)]
    [InlineData("kill -TERM $$", 128 + 15)]
    [InlineData("kill -KILL $$", 128 + 9)]
    public async Task The_exit_code_or_signal_of_a_child_is_reported(string script, int expected)
    {
        ChildProcess child = Shell(script);
        Assert.Equal(expected, await child.Exited.WaitAsync(Eventually.Deadline));
        Assert.Null(ProcessTable.Identify(child.Identity.Pid));
    }

    [Fact]
    public async Task Output_and_errors_are_appended_to_one_private_file()
    {
        await File.WriteAllTextAsync(Output, "before\n");
        File.SetUnixFileMode(Output, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await Shell("echo out; echo err >&2").Exited.WaitAsync(Eventually.Deadline);
        Assert.Equal("before\nout\nerr\n", await File.ReadAllTextAsync(Output));

        File.Delete(Output);
        await Shell("echo new").Exited.WaitAsync(Eventually.Deadline);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Output));
    }

    [Fact]
    public async Task The_child_reads_end_of_file_and_leads_its_own_session()
    {
        ChildProcess child = Shell("read line && echo input; read pid name state parent group session rest < /proc/$$/stat; echo $pid $group $session");
        await child.Exited.WaitAsync(Eventually.Deadline);
        Assert.Equal($"{child.Identity.Pid} {child.Identity.Pid} {child.Identity.Pid}\n", await File.ReadAllTextAsync(Output));
    }

    [Fact]
    public async Task The_environment_is_the_clean_one_plus_what_was_asked_for()
    {
        Environment.SetEnvironmentVariable("PLUGIN_TEST_SECRET", "leaked");
        ChildProcess child = Spawn.Start(new SpawnRequest
        {
            Program = "env",
            Arguments = [],
            OutputPath = Output,
            Environment = new Dictionary<string, string> { ["HOME"] = "/tmp", ["EXTRA"] = "é" },
        });
        await child.Exited.WaitAsync(Eventually.Deadline);
        string[] expected = ["EXTRA=é", "HOME=/tmp", "LC_ALL=C.UTF-8", $"PATH={CleanEnvironment.Variables["PATH"]}"];
        Assert.Equal(expected, (await File.ReadAllLinesAsync(Output)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task No_signal_is_ignored_or_blocked_in_the_child()
    {
        await Spawn.Start(Request("grep", ["-E", "SigBlk|SigIgn", "/proc/self/status"])).Exited.WaitAsync(Eventually.Deadline);
        // Signals 32 and 33 belong to glibc's threads; its posix_spawn always ignores them in the child.
        Assert.Equal("SigBlk:\t0000000000000000\nSigIgn:\t0000000180000000\n", await File.ReadAllTextAsync(Output));
    }

    [Fact]
    public async Task Inherited_descriptors_arrive_under_their_numbers_even_when_numbers_cross()
    {
        using SafeFileHandle first = await LowAsync("first");
        using SafeFileHandle second = await LowAsync("second");
        // Each handle's own number is the other's target, where that is possible: a naive dup2 loop would lose one.
        int a = (int)second.DangerousGetHandle();
        int b = (int)first.DangerousGetHandle();
        Assert.True(a >= 3, "a standard descriptor was free");
        Assert.True(b >= 3, "a standard descriptor was free");
        ChildProcess child = Spawn.Start(Request("sh",
            ["-c", "cat /proc/self/fd/$1; cat /proc/self/fd/$2; ls /proc/$$/fd", "sh", Text(a), Text(b)]) with
        {
            InheritedDescriptors = new Dictionary<int, SafeFileHandle> { [a] = first, [b] = second },
        });
        Assert.Equal(0, await child.Exited.WaitAsync(Eventually.Deadline));
        string[] lines = await File.ReadAllLinesAsync(Output);
        Assert.Equal(["first", "second"], lines[..2]);
        Assert.Equal(new[] { 0, 1, 2, a, b }.Order(), lines[2..].Select(line => int.Parse(line, CultureInfo.InvariantCulture)).Order());
    }

    /// <summary>A number that can be inherited: other tests hold hundreds of files for a moment.</summary>
    private async Task<SafeFileHandle> LowAsync(string content)
    {
        using var deadline = new CancellationTokenSource(Eventually.Deadline);
        while (true)
        {
            SafeFileHandle handle = Content(content);
            if (handle.DangerousGetHandle() <= 255)
            {
                return handle;
            }
            handle.Dispose();
            await Task.Delay(20, deadline.Token);
        }
    }

    [Fact]
    public async Task A_descriptor_keeps_working_under_its_own_number()
    {
        using SafeFileHandle handle = Content("same");
        int number = (int)handle.DangerousGetHandle();
        ChildProcess child = Spawn.Start(Request("cat", [$"/proc/self/fd/{number}"]) with
        {
            InheritedDescriptors = new Dictionary<int, SafeFileHandle> { [number] = handle },
        });
        Assert.Equal(0, await child.Exited.WaitAsync(Eventually.Deadline));
        Assert.Equal("same\n", await File.ReadAllTextAsync(Output));
    }

    [Fact]
    public async Task Even_descriptors_without_close_on_exec_do_not_reach_the_child()
    {
        using SafeFileHandle file = Content("x");
        int leaky = Libc.Duplicate((int)file.DangerousGetHandle());
        try
        {
            await Spawn.Start(Request("sh", ["-c", "ls /proc/$$/fd"])).Exited.WaitAsync(Eventually.Deadline);
        }
        finally
        {
            _ = Libc.Close(leaky);
        }
        Assert.Equal("0\n1\n2\n", await File.ReadAllTextAsync(Output));
    }

    [Fact]
    public void A_file_that_may_not_be_executed_is_named_with_the_reason()
    {
        string path = _directory.File("plain");
        File.WriteAllText(path, "");
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        Exception error = Assert.Throws<HostResourceException>(() => Spawn.Start(Request(path, [])));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("Permission denied", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_of_exec_itself_is_reported_by_the_start()
    {
        string path = _directory.File("not-a-program");
        File.WriteAllText(path, "\u0001\u0002");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Exception error = Assert.Throws<HostResourceException>(() => Spawn.Start(Request(path, [])));
        Assert.Contains("Exec format error", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_program_is_named_with_the_reason()
    {
        Exception error = Assert.Throws<HostResourceException>(() => Spawn.Start(Request("no-such-hypervisor", [])));
        Assert.Contains("no-such-hypervisor", error.Message, StringComparison.Ordinal);
        Assert.Contains("No such file or directory", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_output_file_that_cannot_be_opened_is_named()
    {
        Exception error = Assert.Throws<HostResourceException>(
            () => Spawn.Start(Request("true", []) with { OutputPath = "/no/such/directory/log" }));
        Assert.Contains("/no/such/directory/log", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_descriptor_number_of_the_standard_streams_is_refused()
    {
        using SafeFileHandle file = Content("x");
        Assert.Throws<ArgumentOutOfRangeException>(() => Spawn.Start(Request("true", []) with
        {
            InheritedDescriptors = new Dictionary<int, SafeFileHandle> { [2] = file },
        }));
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private SafeFileHandle Content(string text)
    {
        string path = _directory.File(text);
        File.WriteAllText(path, text + "\n");
        return File.OpenHandle(path);
    }

    private SpawnRequest Request(string program, IReadOnlyList<string> arguments) =>
        new() { Program = program, Arguments = arguments, OutputPath = Output };

    private ChildProcess Shell(string script) => Spawn.Start(Request("sh", ["-c", script]));
}
