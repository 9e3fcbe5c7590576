using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using StubHypervisor;

// A stand-in for QEMU that is slow, deaf or dying on demand. It ignores SIGTERM always, as a hung program does.
using PosixSignalRegistration registration = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => context.Cancel = true);
StubOptions options = StubOptions.Parse(args);
if (options.Error is { } text)
{
    Console.Error.WriteLine(text);
}
await Task.Delay(options.Delay);
if (options.ExitCode is { } code)
{
    return code;
}
if (options.Control is not { } control)
{
    await Task.Delay(Timeout.Infinite);
    return 0;
}

if (Listening.TakeOver(control, 1) < 0)
{
    Console.Error.WriteLine($"descriptor {control} is no listening socket");
    return 1;
}
using var listener = new Socket(new SafeSocketHandle(control, ownsHandle: true));
int statusQueries = 0;
while (true)
{
    using Socket client = await listener.AcceptAsync();
    await using var stream = new NetworkStream(client);
    using var reader = new StreamReader(stream);
    await SendAsync(stream, """{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}}, "capabilities": ["oob"]}}""");
    while (await reader.ReadLineAsync() is { } line)
    {
        using JsonDocument command = JsonDocument.Parse(line);
        string name = command.RootElement.GetProperty("execute").GetString()!;
        long id = command.RootElement.GetProperty("id").GetInt64();
        if (options.Deaf.Contains(name) || (name == "query-status" && ++statusQueries > options.StatusAnswers))
        {
            continue;
        }
        string answer = name == "query-status" ? $$"""{"status": "{{options.Status}}"}""" : "{}";
        await SendAsync(stream, $$"""{"return": {{answer}}, "id": {{id}}}""");
    }
}

static async Task SendAsync(Stream stream, string line) => await stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"));
