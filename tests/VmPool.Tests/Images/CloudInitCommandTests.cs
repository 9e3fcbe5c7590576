using VmPool.Images;

namespace VmPool.Tests.Images;

public sealed class CloudInitCommandTests
{
    [Theory]
    [InlineData("apt install -y podman", "apt install -y podman")]
    [InlineData("usermod -aG docker ubuntu", "usermod -aG docker ubuntu")]
    [InlineData("su - ubuntu -c \"whoami\"", "su - ubuntu -c \"whoami\"")]
    [InlineData("\"echo \\\"{ \\\\\\\"a\\\\\\\": { \\\\\\\"b\\\\\\\": true } }\\\" | tee -a /etc/x.json\"",
        "echo \"{ \\\"a\\\": { \\\"b\\\": true } }\" | tee -a /etc/x.json")]
    [InlineData("'single ''quoted'''", "single 'quoted'")]
    [InlineData("echo one # a comment", "echo one")]
    [InlineData("|\n  line one\n  line two\n", "line one\nline two\n")]
    public void A_scalar_is_a_shell_line(string text, string shell) => Assert.Equal(shell, CloudInitCommand.Parse(text).Shell);

    [Theory]
    [InlineData("key: value")]
    [InlineData("[ -f /etc/x ] && rm /etc/x")]
    [InlineData("\"unfinished")]
    [InlineData("*.txt")]
    [InlineData("&background x")]
    [InlineData("! grep x /etc/y")]
    [InlineData("@at")]
    [InlineData("[a, [b]]")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("a\n---\nb")]
    [InlineData("# only a comment")]
    public void What_is_no_scalar_and_no_list_is_taken_literally(string text)
    {
        CloudInitCommand command = CloudInitCommand.Parse(text);

        Assert.Equal(text, command.Shell);
        Assert.Null(command.Arguments);
    }

    [Theory]
    [InlineData("[sh, -c, 'echo \"it''s\"']")]
    [InlineData("- sh\n- -c\n- echo \"it's\"\n")]
    public void A_list_is_an_argument_vector_with_every_argument_quoted(string text)
    {
        CloudInitCommand command = CloudInitCommand.Parse(text);

        Assert.Equal(["sh", "-c", "echo \"it's\""], command.Arguments);
        Assert.Equal("'sh' '-c' 'echo \"it'\\''s\"'", command.Shell);
    }
}
