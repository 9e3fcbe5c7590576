using System.Net.Sockets;
using System.Text.Json.Nodes;
using VmPool.Guests;
using VmPool.Images;
using VmPool.Keys;
using VmPool.Ports;
using VmPool.Storage;

namespace VmPool.Tests.Images.Guest;

public sealed class AgentTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_900_000_000_123);

    private readonly GuestIdentity _identity = Identity();

    [Fact]
    public async Task A_call_gives_the_guest_its_whole_identity()
    {
        await using AgentProcess agent = await AgentProcess.StartAsync();
        JsonObject call = Call();
        call["files"] = new JsonArray(new JsonObject { ["path"] = "/opt/new/file", ["mode"] = "0750", ["content"] = "aGVsbG8=" });

        Assert.Equal("OK\n", await agent.SayAsync(Line(call)));

        Assert.Equal("group-1\n", Text(agent, "etc/hostname"));
        Assert.Equal(call["machine_id"] + "\n", Text(agent, "etc/machine-id"));
        Assert.Equal(_identity.AuthorizedKey + "\n", Text(agent, "nonexistent/.ssh/authorized_keys"));
        Assert.Equal(_identity.HostKeyPem.TrimEnd() + "\n", Text(agent, "etc/ssh/ssh_host_ecdsa_key"));
        Assert.Equal(_identity.HostKeyPublic + "\n", Text(agent, "etc/ssh/ssh_host_ecdsa_key.pub"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(agent.InRoot("etc/ssh/ssh_host_ecdsa_key")));
        Assert.Equal("hello", Text(agent, "opt/new/file"));
        Assert.Equal(Convert.ToInt32("750", 8), (int)File.GetUnixFileMode(agent.InRoot("opt/new/file")));
        string entropy = Convert.ToHexStringLower(Convert.FromBase64String((string)call["entropy"]!));
        await agent.WaitForRecordAsync("settle");
        Assert.Equal([agent.InRoot($"run/log/journal/{call["machine_id"]}")], Directory.GetFileSystemEntries(agent.InRoot("run/log/journal")));
        Assert.True(File.Exists(agent.InRoot($"run/log/journal/{call["machine_id"]}/template-system.journal")), "the template's journal is lost");
        Assert.Equal(
            [$"entropy {entropy}", $"clock {call["time_ns"]}", "hostname group-1", $"renew {_identity.HostKeyPublic}", "settle"],
            agent.Record.TakeLast(5));
    }

    [Fact]
    public async Task It_writes_what_cloud_init_writes_in_a_machine_that_boots()
    {
        await using AgentProcess agent = await AgentProcess.StartAsync();
        // cloud-init knows the home directory by the usual rule, the agent from the account.
        string userData = InstanceSeed.UserData(_identity).Replace("/home/nobody", "/nonexistent", StringComparison.Ordinal);

        Assert.Equal("OK\n", await agent.SayAsync(Line(Call())));

        JsonArray files = JsonNode.Parse(userData["#cloud-config\n".Length..])!["write_files"]!.AsArray();
        Assert.Equal(4, files.Count);
        foreach (JsonNode? file in files)
        {
            string path = agent.InRoot(((string)file!["path"]!).TrimStart('/'));
            Assert.Equal((string?)file["content"], await File.ReadAllTextAsync(path));
            Assert.Equal(Convert.ToInt32((string)file["permissions"]!, 8), (int)File.GetUnixFileMode(path));
        }
    }

    [Fact]
    public async Task There_is_no_second_call()
    {
        await using AgentProcess agent = await AgentProcess.StartAsync();
        Assert.Equal("OK\n", await agent.SayAsync(Line(Call())));

        SocketException refused = await Assert.ThrowsAsync<SocketException>(() => agent.SayAsync(Line(Call())));

        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    [Theory]
    [InlineData("hostname", null)]
    [InlineData("hostname", "-x")]
    [InlineData("hostname", "a b")]
    [InlineData("machine_id", "0123456789abcdef0123456789abcdeg")]
    [InlineData("machine_id", "0123456789abcdef")]
    [InlineData("user", "no-such-user")]
    [InlineData("authorized_key", "ecdsa a\nssh-rsa b")]
    [InlineData("host_key", "-----BEGIN PUBLIC KEY-----\n")]
    [InlineData("host_key_pub", "ecdsa")]
    [InlineData("time_ns", "-1900000000123000000")]
    [InlineData("time_ns", "1900000000")]
    [InlineData("entropy", "AAAA")]
    [InlineData("entropy", "!!!!")]
    [InlineData("files", "text")]
    public async Task A_call_with_a_wrong_value_changes_nothing_and_the_agent_goes_on_waiting(string key, string? value)
    {
        await using AgentProcess agent = await AgentProcess.StartAsync();
        string before = agent.Tree();
        int recorded = agent.Record.Count;
        JsonObject call = Call();
        call[key] = value;

        string answer = await agent.SayAsync(Line(call));

        Assert.Matches($"^ERROR {key}: .+\n$", answer);
        Assert.Equal(before, agent.Tree());
        Assert.Equal(recorded, agent.Record.Count);
        Assert.Equal("OK\n", await agent.SayAsync(Line(Call())));
    }

    [Theory]
    [InlineData("/etc/../shadow")]
    [InlineData("relative")]
    [InlineData("//etc/shadow")]
    public async Task A_file_elsewhere_than_it_says_is_refused(string path)
    {
        await using AgentProcess agent = await AgentProcess.StartAsync();
        JsonObject call = Call();
        call["files"] = new JsonArray(new JsonObject { ["path"] = path, ["mode"] = "0644", ["content"] = "" });

        Assert.StartsWith("ERROR path: ", await agent.SayAsync(Line(call)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Garbage_is_answered_silence_is_not_and_neither_stops_the_agent()
    {
        await using AgentProcess agent = await AgentProcess.StartAsync();
        using Socket silent = await agent.ConnectAsync();

        // Waits behind the silent one, which is given up.
        Assert.Equal("ERROR not JSON\n", await agent.SayAsync("GET / HTTP/1.1\r\n"));
        Assert.Equal("ERROR not one JSON object\n", await agent.SayAsync("[]\n"));
        Assert.Equal("ERROR not one JSON object\n", await agent.SayAsync(Line(Call()).TrimEnd() + "{}\n"));
        Assert.Equal("ERROR not JSON\n", await agent.SayAsync(new string('[', 9000) + "\n"));
        Assert.Equal($"ERROR longer than {AgentCall.MaximumBytes} bytes\n", await agent.SayAsync(new string('x', AgentCall.MaximumBytes) + "\n"));
        Assert.Equal("OK\n", await agent.SayAsync(Line(Call())));
    }

    [Fact]
    public async Task Only_the_gateway_is_listened_to()
    {
        await using AgentProcess agent = await AgentProcess.StartAsync(peer: "127.0.0.2");

        Assert.Equal("", await agent.SayAsync(Line(Call())));
        Assert.Equal("OK\n", await agent.SayAsync(Line(Call()), from: "127.0.0.2"));
    }

    [Fact]
    public async Task A_failure_while_it_works_is_told_and_is_the_end()
    {
        await using AgentProcess agent = await AgentProcess.StartAsync(prepare: agent => Directory.Delete(agent.InRoot("etc/ssh")));

        string answer = await agent.SayAsync(Line(Call()));

        Assert.Matches("^ERROR FileNotFoundError: .*ssh_host_ecdsa_key.*\n$", answer);
        await Assert.ThrowsAsync<SocketException>(() => agent.SayAsync(Line(Call())));
    }

    [Fact]
    public async Task The_rehearsal_leaves_nothing()
    {
        string before = "";
        await using AgentProcess agent = await AgentProcess.StartAsync(prepare: agent => before = agent.Tree());

        Assert.Equal(before, agent.Tree());
        Assert.Contains(agent.Record, line => line.StartsWith("clock ", StringComparison.Ordinal));
    }

    [Fact]
    public void The_programs_are_inputs_of_the_images_hash()
    {
        IReadOnlyList<GuestFile> files = GuestFiles.AfterPackages("ci");

        foreach (string program in new[] { "agent.py", "identity.py", "services.py", "freeze" })
        {
            Assert.Contains(files, file => file.Path == "/usr/lib/vmpool/" + program && file.Content.Length > 0);
        }
    }

    private static GuestIdentity Identity()
    {
        SshKeyPair hostKey = SshKeyPair.Create();
        return new GuestIdentity
        {
            InstanceId = "group-1",
            HostName = "group-1",
            User = "nobody",
            AuthorizedKey = SshKeyPair.Create().PublicLine,
            HostKeyPem = hostKey.PrivatePem,
            HostKeyPublic = hostKey.PublicLine,
        };
    }

    // What the host really sends.
    private JsonObject Call() => JsonNode.Parse(AgentCall.Encode(_identity, Now))!.AsObject();

    private static string Line(JsonObject call) => call.ToJsonString() + "\n";

    private static string Text(AgentProcess agent, string path) => File.ReadAllText(agent.InRoot(path));
}
