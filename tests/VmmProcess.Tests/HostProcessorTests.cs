namespace VmmProcess.Tests;

public sealed class HostProcessorTests
{
    // Two processors of one host, as the kernel lists them.
    private const string Info = """
        processor	: 0
        vendor_id	: GenuineIntel
        cpu family	: 6
        model		: 106
        model name	: Intel(R) Xeon(R)
        stepping	: 6
        microcode	: 0x1
        cpu MHz		: 2593.906
        flags		: fpu vme de

        processor	: 1
        vendor_id	: GenuineIntel
        cpu MHz		: 2600.000

        """;

    [Theory]
    [InlineData("GenuineIntel\ncpu", "AuthenticAMD\ncpu")]
    [InlineData(": 106", ": 107")]
    [InlineData("stepping	: 6", "stepping	: 7")]
    [InlineData(": 0x1", ": 0x2")]
    [InlineData("fpu vme de", "fpu vme")]
    public void Another_processor_microcode_or_feature_makes_another_fingerprint(string from, string to) =>
        Assert.NotEqual(HostProcessor.Fingerprint(Info), HostProcessor.Fingerprint(Info.Replace(from, to, StringComparison.Ordinal)));

    [Theory]
    [InlineData("2593.906", "800.000")]
    [InlineData("2600.000", "800.000")]
    public void What_changes_from_moment_to_moment_makes_none(string from, string to) =>
        Assert.Equal(HostProcessor.Fingerprint(Info), HostProcessor.Fingerprint(Info.Replace(from, to, StringComparison.Ordinal)));

    [Fact]
    public async Task This_host_has_one() => Assert.Matches("^[0-9a-f]{16}$", await HostProcessor.FingerprintAsync());
}
