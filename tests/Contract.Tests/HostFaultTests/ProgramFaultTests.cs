namespace Contract.Tests.HostFaultTests;

/// <summary>Programs of the host that are not installed.</summary>
[Collection(SharedGoHost.Name)]
public sealed class ProgramFaultTests(GoHost go) : IAsyncLifetime
{
    private PlayedHost _host = null!;

    public async Task InitializeAsync() => _host = await PlayedHost.CreateAsync(go);

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Fact]
    public async Task One_missing_program_is_told_with_its_package()
    {
        await _host.HideAsync("genisoimage");
        (await _host.InitAsync()).AssertRefusedOnlyFor("the program genisoimage is missing; install it: apt-get install genisoimage");
    }

    [Fact]
    public async Task A_missing_hypervisor_is_told_with_its_package()
    {
        await _host.HideAsync("qemu-system-x86_64");
        (await _host.InitAsync()).AssertRefusedOnlyFor("no hypervisor is installed", "apt-get install qemu-system-x86");
    }

    [Fact]
    public async Task All_missing_programs_are_told_at_once()
    {
        (string Program, string Package)[] programs =
        [
            ("qemu-system-x86_64", "qemu-system-x86"), ("qemu-img", "qemu-utils"), ("genisoimage", "genisoimage"), ("mmdebstrap", "mmdebstrap"),
            ("mke2fs", "e2fsprogs"), ("setpriv", "util-linux"), ("ip", "iproute2"), ("nsenter", "util-linux"),
        ];
        await _host.HideAsync([.. programs.Select(each => each.Program)]);
        (await _host.InitAsync()).AssertRefused([$"for {programs.Length} reasons",
            .. programs.Select(each => $"the program {each.Program} is missing; install it: apt-get install {each.Package}")]);
    }
}
