using Microsoft.Win32.SafeHandles;

namespace LinuxHost;

/// <summary>The one launcher of long-lived children: own session, clean environment, exit seen by pidfd.</summary>
public static class Spawn
{
    /// <summary>Starts the program; it outlives this process.</summary>
    /// <exception cref="HostResourceException">It could not be started; names program and errno.</exception>
    public static ChildProcess Start(SpawnRequest request)
    {
        string path = ProgramPath.Find(request.Program);
        using SafeFileHandle input = OpenFile("/dev/null", Libc.OpenReadOnly, request);
        using SafeFileHandle output = OpenFile(
            request.OutputPath, Libc.OpenWriteOnly | Libc.OpenCreate | Libc.OpenAppend, request);
        using var actions = new SpawnFileActions(request, input, output);
        using var attributes = new SpawnAttributes();
        using var argv = new NativeStringArray([request.Program, .. request.Arguments]);
        using var envp = new NativeStringArray(Variables(request));

        int errno = Libc.PosixSpawn(out int pid, path, actions.Pointer, attributes.Pointer, argv.Pointer, envp.Pointer);
        return errno == 0 ? Adopt(pid, request) : throw Errno.Failure($"cannot start {path}", errno);
    }

    private static ChildProcess Adopt(int pid, SpawnRequest request)
    {
        // Until it is registered for reaping, even an ended child stays a zombie with this very pid.
        int pidfd = Libc.PidfdOpen(pid);
        if (pidfd >= 0)
        {
            return new ChildProcess(new ProcessIdentity(pid, ProcessTable.StartTicks(pid)), new SafeFileHandle(pidfd, ownsHandle: true), ours: true);
        }
        int errno = Libc.LastErrno;
        _ = Libc.Kill(pid, Libc.SignalKill);
        _ = Libc.RetryInterrupted(() => Libc.WaitPid(pid, out _, 0));
        throw Errno.Failure($"cannot watch {request.Program} (pid {pid}, ended again); pidfd_open needs Linux 5.4 or later", errno);
    }

    private static List<string> Variables(SpawnRequest request)
    {
        var variables = new Dictionary<string, string>(CleanEnvironment.Variables);
        foreach ((string name, string value) in request.Environment)
        {
            variables[name] = value;
        }
        return [.. variables.Select(variable => $"{variable.Key}={variable.Value}")];
    }

    private static SafeFileHandle OpenFile(string path, int flags, SpawnRequest request)
    {
        int descriptor = Libc.Open(path, flags | Libc.OpenCloseOnExec, 0x180 /* 0600 */);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw Errno.Failure($"cannot start {request.Program}: opening {path} failed", Libc.LastErrno);
    }
}
