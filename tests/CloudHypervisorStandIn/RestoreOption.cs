namespace CloudHypervisorStandIn;

/// <summary>The value of --restore: key=value pairs joined by commas.</summary>
internal static class RestoreOption
{
    /// <exception cref="FormatException">A key or value that is not known.</exception>
    internal static RestoreConfig Parse(string text)
    {
        var config = new RestoreConfig { SourceUrl = "" };
        foreach (string pair in text.Split(','))
        {
            string[] parts = pair.Split('=', 2);
            string value = parts.Length == 2 ? parts[1] : throw new FormatException($"Error parsing --restore: {pair}");
            config = parts[0] switch
            {
                "source_url" => config with { SourceUrl = value },
                "prefault" => config with { Prefault = IsOn(value) },
                "resume" => config with { Resume = IsOn(value) },
                "memory_restore_mode" => config with { MemoryRestoreMode = value == "ondemand" ? "OnDemand" : "Copy" },
                _ => throw new FormatException($"Error parsing --restore: unknown option: {parts[0]}"),
            };
        }
        return config;
    }

    private static bool IsOn(string value) => value switch
    {
        "on" or "true" => true,
        "off" or "false" => false,
        _ => throw new FormatException($"Error parsing --restore: {value} is neither on nor off"),
    };
}
