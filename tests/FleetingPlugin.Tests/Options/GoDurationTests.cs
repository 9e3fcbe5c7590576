using FleetingPlugin.Options;

namespace FleetingPlugin.Tests.Options;

public sealed class GoDurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("+0", 0)]
    [InlineData("0s", 0)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("20m0s", 1_200_000)]
    [InlineData("250ms", 250)]
    [InlineData("1.5s", 1_500)]
    [InlineData(".5s", 500)]
    [InlineData("2.s", 2_000)]
    [InlineData("-2m", -120_000)]
    [InlineData("1h1h", 7_200_000)]
    [InlineData("3000µs", 3)]
    [InlineData("3000μs", 3)]
    [InlineData("3000us", 3)]
    [InlineData("4000000ns", 4)]
    public void Reads_what_Go_reads(string text, double milliseconds)
    {
        Assert.True(GoDuration.TryParse(text, out var duration, out var fault), fault);
        Assert.Equal(milliseconds, duration.TotalMilliseconds);
    }

    [Theory]
    [InlineData("", "\"\" is not a duration")]
    [InlineData("-", "\"-\" is not a duration")]
    [InlineData("5", "missing unit in duration \"5\"")]
    [InlineData("1m30", "missing unit in duration \"1m30\"")]
    [InlineData("5d", "unknown unit \"d\" in duration \"5d\"")]
    [InlineData("5 m", "unknown unit \" m\" in duration \"5 m\"")]
    [InlineData("m", "\"m\" is not a duration: expected a number before \"m\"")]
    [InlineData(".s", "\".s\" is not a duration: expected a number before \".s\"")]
    [InlineData("1.2.3s", "missing unit in duration")]
    [InlineData("300000000h", "duration \"300000000h\" is too long")]
    [InlineData("9000000000000000000h", "is too long")]
    [InlineData("99999999999999999999999999999999999999999999h", "is too long")]
    public void Says_what_is_wrong(string text, string expected)
    {
        Assert.False(GoDuration.TryParse(text, out _, out var fault));
        Assert.Contains(expected, fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1h30m")]
    [InlineData("250ms")]
    [InlineData("1.5s")]
    [InlineData("1m0.25s", "1m250ms")]
    [InlineData("90s", "1m30s")]
    [InlineData("24h")]
    [InlineData("-5m")]
    [InlineData("1.5us", "1.5µs")]
    public void Writes_the_shortest_form_that_reads_back_the_same(string text, string? expected = null)
    {
        Assert.True(GoDuration.TryParse(text, out var duration, out _));
        var written = GoDuration.Format(duration);
        Assert.Equal(expected ?? text, written);
        Assert.True(GoDuration.TryParse(written, out var again, out _));
        Assert.Equal(duration, again);
    }
}
