using System.Text.Json.Nodes;

namespace FleetingPlugin.Toml;

/// <summary>Reads TOML. The seam behind which a library may take our reader's place (docs/adr/0003-own-toml-reader.md).</summary>
internal interface ITomlReader
{
    /// <summary>Reads a whole document.</summary>
    /// <returns>
    /// Tables as objects in the order of the text, arrays as arrays, strings and booleans as themselves, integers as <see cref="long"/>,
    /// floats as <see cref="double"/> (perhaps not finite), dates and times as strings exactly as written.
    /// </returns>
    /// <exception cref="TomlException">The text is not TOML 1.0.</exception>
    JsonObject Read(string text);
}
