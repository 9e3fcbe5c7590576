using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace VmPool.Images;

/// <summary>
/// One entry of <c>vm_prebuild_cloudinit_extra_cmds</c>. Each configured string stands for one entry of cloud-init's runcmd
/// and is a YAML value: a scalar is a shell line, a list of scalars is an argument vector. What is neither, or is no YAML
/// at all, is a shell line as it stands.
/// </summary>
public sealed class CloudInitCommand
{
    private CloudInitCommand(string shell, IReadOnlyList<string>? arguments)
    {
        Shell = shell;
        Arguments = arguments;
    }

    /// <summary>The line for /bin/sh; an argument vector has every argument quoted, as cloud-init does it.</summary>
    public string Shell { get; }

    /// <summary>The argument vector, when it was given as one.</summary>
    public IReadOnlyList<string>? Arguments { get; }

    /// <summary>Reads one configured string.</summary>
    public static CloudInitCommand Parse(string text)
    {
        try
        {
            return Read(new Parser(new StringReader(text))) ?? new CloudInitCommand(text, null);
        }
        catch (YamlException)
        {
            // Plenty of ordinary shell is no YAML (`[ -f x ] && y`); it means what it says.
            return new CloudInitCommand(text, null);
        }
    }

    // The whole stream is read before anything is believed: a fault after a good beginning makes the text literal.
    private static CloudInitCommand? Read(Parser parser)
    {
        parser.Consume<StreamStart>();
        if (!parser.Accept<DocumentStart>(out _))
        {
            return null;
        }
        parser.Consume<DocumentStart>();
        CloudInitCommand? command = null;
        if (parser.Accept<Scalar>(out _))
        {
            Scalar scalar = parser.Consume<Scalar>();
            command = IsPlainValue(scalar) ? new CloudInitCommand(scalar.Value, null) : null;
        }
        else if (parser.TryConsume<SequenceStart>(out _))
        {
            command = ReadArguments(parser);
        }
        return command is not null && parser.TryConsume<DocumentEnd>(out _) && parser.TryConsume<StreamEnd>(out _) ? command : null;
    }

    private static CloudInitCommand? ReadArguments(Parser parser)
    {
        var arguments = new List<string>();
        while (parser.Accept<Scalar>(out _))
        {
            Scalar argument = parser.Consume<Scalar>();
            if (!IsPlainValue(argument))
            {
                return null;
            }
            arguments.Add(argument.Value);
        }
        return arguments.Count > 0 && parser.TryConsume<SequenceEnd>(out _)
            ? new CloudInitCommand(Quote(arguments), arguments)
            : null;
    }

    // An anchor or a tag is taken out of the value by YAML, but in a shell line `&x` and `!x` were meant.
    private static bool IsPlainValue(Scalar scalar)
        => scalar.Anchor.IsEmpty && scalar.Tag.IsEmpty && !string.IsNullOrWhiteSpace(scalar.Value);

    private static string Quote(List<string> arguments)
    {
        var line = new StringBuilder();
        foreach (string argument in arguments)
        {
            line.Append(line.Length > 0 ? " " : "").Append('\'').Append(argument.Replace("'", "'\\''", StringComparison.Ordinal)).Append('\'');
        }
        return line.ToString();
    }
}
