using System.Text;
using System.Text.Json;
using GoPlugin.Logging;
using Microsoft.Extensions.Logging;

namespace GoPlugin.Tests;

public sealed partial class HclogTests
{
    private readonly List<string> _lines = [];

    [Theory]
    [InlineData(LogLevel.Trace, "trace")]
    [InlineData(LogLevel.Debug, "debug")]
    [InlineData(LogLevel.Information, "info")]
    [InlineData(LogLevel.Warning, "warn")]
    [InlineData(LogLevel.Error, "error")]
    [InlineData(LogLevel.Critical, "error")]
    public void Every_level_has_the_hosts_name(LogLevel level, string name)
    {
        Said(Logger(), level, "a", "b");
        Assert.Equal(name, Last().GetProperty("@level").GetString());
    }

    [Fact]
    public void An_entry_is_one_line_of_json_with_a_timestamp_of_six_digits()
    {
        Said(Logger(new FixedClock()), LogLevel.Information, "two\nlines\r", "ü");
        var line = Assert.Single(_lines);
        Assert.Equal(
            "{\"@level\":\"info\",\"@message\":\"said two\\nlines\\r and ü\",\"@module\":\"vm.pool\",\"@timestamp\":\"2026-01-02T03:04:05.123456Z\","
            + "\"instanceId\":\"two\\nlines\\r\",\"step\":\"ü\"}\n",
            line);
    }

    [Theory]
    [InlineData(7, "7")]
    [InlineData(-999_999L, "-999999")]
    [InlineData(1_000_000, "\"1000000\"")]
    [InlineData(long.MinValue, "\"-9223372036854775808\"")]
    [InlineData(1.5, "1.5")]
    [InlineData(double.NaN, "\"NaN\"")]
    [InlineData(true, "true")]
    [InlineData("text", "\"text\"")]
    [InlineData(LogLevel.Trace, "\"Trace\"")]
    public void Values_keep_a_form_the_host_prints_unchanged(object value, string json)
    {
        Value(Logger(), value);
        Assert.Equal(json, Last().GetProperty("value").GetRawText());
    }

    [Fact]
    public void Identifiers_are_strings_and_reserved_keys_are_renamed()
    {
        Reserved(Logger(), 12, 13, "t", "e", "m");
        var entry = Last();
        Assert.Equal("12", entry.GetProperty("pid").GetString());
        Assert.Equal("13", entry.GetProperty("slotId").GetString());
        Assert.Equal("t", entry.GetProperty("timestamp_").GetString());
        Assert.False(entry.TryGetProperty("timestamp", out _));
        Assert.Equal("e", entry.GetProperty("error_").GetString());
        Assert.Equal("m", entry.GetProperty("message").GetString());
    }

    [Fact]
    public void An_absent_value_is_left_out()
    {
        Value(Logger(), null);
        Assert.False(Last().TryGetProperty("value", out _));
    }

    [Fact]
    public void An_exception_is_one_field_with_its_whole_chain()
    {
        Failed(Logger(), new InvalidOperationException("cannot start", new IOException("no space")));
        Assert.Equal("cannot start: no space", Last().GetProperty("error").GetString());
    }

    [Theory]
    [InlineData('x', 100_000)]
    [InlineData('\u0001', 100_000)]
    [InlineData('\ud83e', 100_000)]
    public void An_entry_of_any_length_stays_below_the_hosts_limit(char character, int count)
    {
        var logger = Logger();
        Said(logger, LogLevel.Error, new string(character, count), new string(character, count));
        Assert.True(Encoding.UTF8.GetByteCount(_lines[^1]) < 60_000);
        Assert.StartsWith("said ", Last().GetProperty("@message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lone_surrogate_or_zero_does_not_break_the_line()
    {
        Said(Logger(), LogLevel.Error, "\ud800", "\0");
        Assert.Equal("\ufffd", Last().GetProperty("instanceId").GetString());
    }

    [Fact]
    public void Entries_below_the_minimum_and_the_frameworks_chatter_are_not_written()
    {
        var factory = Factory(LogLevel.Information);
        Said(factory.CreateLogger("a"), LogLevel.Debug, "", "");
        Said(factory.CreateLogger("Microsoft.AspNetCore.Server.Kestrel"), LogLevel.Information, "", "");
        Assert.Empty(_lines);
        Said(factory.CreateLogger("Microsoft.AspNetCore.Server.Kestrel"), LogLevel.Warning, "", "");
        Assert.Single(_lines);
    }

    [LoggerMessage(Message = "said {InstanceId} and {Step}")]
    private static partial void Said(ILogger logger, LogLevel level, string instanceId, string step);

    [LoggerMessage(Level = LogLevel.Error, Message = "a value: {Value}")]
    private static partial void Value(ILogger logger, object? value);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Pid} {SlotId} {Timestamp} {Error} {Message}")]
    private static partial void Reserved(ILogger logger, int pid, int slotId, string timestamp, string error, string message);

    [LoggerMessage(Level = LogLevel.Error, Message = "failed")]
    private static partial void Failed(ILogger logger, Exception exception);

    private ILogger Logger(TimeProvider? clock = null) => Factory(LogLevel.Trace, clock).CreateLogger("vm.pool");

    private HclogLoggerFactory Factory(LogLevel minimum, TimeProvider? clock = null)
        => new(minimum, clock ?? TimeProvider.System, line => _lines.Add(Encoding.UTF8.GetString(line)));

    private JsonElement Last() => JsonDocument.Parse(_lines[^1]).RootElement;

    private sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).AddTicks(1234567);
    }
}
