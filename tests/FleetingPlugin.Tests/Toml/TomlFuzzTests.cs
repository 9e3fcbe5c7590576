using System.Text;
using FleetingPlugin.Toml;

namespace FleetingPlugin.Tests.Toml;

public sealed class TomlFuzzTests
{
    private const string Seed = """"
        # comment
        title = "TOML \u00e9 \"x\""
        a.b.'c' = [1, 2.5, 0x1F, 0o17, 0b11, 1e3, inf, nan,
          1979-05-27T07:32:00Z, 07:32:00, # c
          [ {x = 1, y.z = '''m
        l'''}, true ], ]
        [runners.autoscaler]
        plugin = 'fleeting-plugin-vmpool'
        [[runners.autoscaler.policy]]
        periods = ["* * * * *"]
        [[runners.autoscaler.policy]]
        text = "x y"
        [runners.autoscaler.policy.sub]
        k = { a = {}, b = [] }
        text = """
        a ""quoted"" \t \
          word"""
        """";

    private static readonly string[] Pieces =
        ["[", "]", "[[", "]]", "{", "}", "=", ".", ",", "\"", "\"\"\"", "'", "'''", "\\", "\\u", "#", "\n", "\r\n", "\r", "\0", "_", "-", "+", "0x", "e9", ":", " ", "\t", "a", "é", "\uFEFF", "😀", "true", "1979-05-27", "9999999999999999999"];

    [Fact]
    public void The_document_to_be_mutated_is_valid() => Assert.Equal(3, TomlReader.Parse(Seed).Count);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_mutated_document_is_read_or_refused_and_nothing_else(int seed)
    {
        var random = new Random(seed);
        var (read, refused) = (0, 0);
        for (var round = 0; round < 5_000; round++)
        {
            var toml = Mutate(random);
            try
            {
                TomlReader.Parse(toml);
                read++;
            }
            catch (TomlException fault)
            {
                Assert.InRange(fault.Line, 1, toml.Count(c => c == '\n') + 1);
                refused++;
            }
            catch (Exception other)
            {
                Assert.Fail($"seed {seed}, round {round}: {other.GetType().Name} {other.Message} for:\n{toml}");
            }
        }

        // Otherwise the mutations are too tame or too wild to prove anything.
        Assert.True(read > 100 && refused > 1_000, $"{read} read, {refused} refused");
    }

    private static string Mutate(Random random)
    {
        var text = new StringBuilder(random.Next(4) == 0 ? Seed[..random.Next(Seed.Length)] : Seed);
        for (var edits = random.Next(1, 4); edits > 0; edits--)
        {
            var at = random.Next(text.Length + 1);
            switch (random.Next(3))
            {
                case 0:
                    text.Insert(at, Pieces[random.Next(Pieces.Length)]);
                    break;
                case 1 when at < text.Length:
                    text.Remove(at, Math.Min(random.Next(1, 6), text.Length - at));
                    break;
                default:
                    var from = random.Next(text.Length + 1);
                    text.Insert(at, text.ToString(from, Math.Min(random.Next(40), text.Length - from)));
                    break;
            }
        }

        return text.ToString();
    }
}
