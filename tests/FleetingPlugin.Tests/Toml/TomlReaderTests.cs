using FleetingPlugin.Toml;

namespace FleetingPlugin.Tests.Toml;

public sealed class TomlReaderTests
{
    private static string Json(string toml) => TomlReader.Parse(toml).ToJsonString(Relaxed);

    private static readonly System.Text.Json.JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Theory]
    // Document
    [InlineData("", "{}")]
    [InlineData("\uFEFFa = 1", "{'a':1}")]
    [InlineData("# only\n\t# comments é\n", "{}")]
    [InlineData("a=1\r\nb = 2 # two\r\n\r\n", "{'a':1,'b':2}")]
    // Keys
    [InlineData("bare_key-1 = 1\n1234 = 2", "{'bare_key-1':1,'1234':2}")]
    [InlineData("\"127.0.0.1\" = 1\n'qu\"oted' = 2\n\"\" = 3", "{'127.0.0.1':1,'qu\\\"oted':2,'':3}")]
    [InlineData("a . b.'c.d' = 1", "{'a':{'b':{'c.d':1}}}")]
    [InlineData("a.b=1\na.c=2\nd.x=3\na.d.e=4", "{'a':{'b':1,'c':2,'d':{'e':4}},'d':{'x':3}}")]
    [InlineData("3.14159 = 'pi'", "{'3':{'14159':'pi'}}")]
    [InlineData("true = 1\ninf = 2", "{'true':1,'inf':2}")]
    // Strings
    [InlineData(@"s = ""a\tb\n\""q\"" \\ \u00e9 \U0001F600""", @"{'s':'a\tb\n\""q\"" \\ é \uD83D\uDE00'}")]
    [InlineData(@"s = 'C:\no\escape'", @"{'s':'C:\\no\\escape'}")]
    [InlineData("s = \"\"", "{'s':''}")]
    [InlineData("s = ''''''", "{'s':''}")]
    [InlineData("s = \"\"\"\none\r\ntwo\"\"\"", @"{'s':'one\ntwo'}")]
    [InlineData("s = \"\"\"one \\\n\n   \t two\"\"\"", "{'s':'one two'}")]
    [InlineData("s = \"\"\"one \\  \n two\"\"\"", "{'s':'one two'}")]
    [InlineData("s = \"\"\"\"\"two quotes\"\"\"\"\"", @"{'s':'\""\""two quotes\""\""'}")]
    [InlineData("s = \"\"\"a\\\"\"\"\"", @"{'s':'a\""'}")]
    [InlineData("s = '''\n''it's ''\\d'''", @"{'s':'\'\'it\'s \'\'\\d'}")]
    [InlineData("s = \"tab\there\"", @"{'s':'tab\there'}")]
    // Integers
    [InlineData("i = +99\nj = -17\nk = 0\nl = -0\nm = +0", "{'i':99,'j':-17,'k':0,'l':0,'m':0}")]
    [InlineData("i = 1_000_000\nj = 5_3_4", "{'i':1000000,'j':534}")]
    [InlineData("i = 0xDEAD_beef\nj = 0o755\nk = 0b1101_0110\nl = 0x00", "{'i':3735928559,'j':493,'k':214,'l':0}")]
    [InlineData("i = 9223372036854775807\nj = -9223372036854775808\nk = 0x7fffffffffffffff", "{'i':9223372036854775807,'j':-9223372036854775808,'k':9223372036854775807}")]
    // Floats
    [InlineData("f = 3.25\ng = -0.5\nh = 1e3\ni = -2E-2\nj = 6.5e+3\nk = 9_224_617.25\nl = 1e06", "{'f':3.25,'g':-0.5,'h':1000,'i':-0.02,'j':6500,'k':9224617.25,'l':1000000}")]
    // Booleans, dates
    [InlineData("t = true\nf = false", "{'t':true,'f':false}")]
    [InlineData("d = 1979-05-27T07:32:00Z\ne = 1979-05-27 00:32:00.999-07:00\nf = 1979-05-27t07:32:00z", "{'d':'1979-05-27T07:32:00Z','e':'1979-05-27 00:32:00.999-07:00','f':'1979-05-27t07:32:00z'}")]
    [InlineData("d = 1979-05-27T07:32:00.5\ne = 1979-05-27 # day\nf = 07:32:00\ng = 2000-02-29\nh = 0000-01-01", "{'d':'1979-05-27T07:32:00.5','e':'1979-05-27','f':'07:32:00','g':'2000-02-29','h':'0000-01-01'}")]
    // Arrays
    [InlineData("a = []\nb = [ ]\nc = [1,2, 3]\nd = [ [1], ['a', \"b\"], [] ]", "{'a':[],'b':[],'c':[1,2,3],'d':[[1],['a','b'],[]]}")]
    [InlineData("a = [ # first\n 1, # one\n\n 2\n , # two\n]", "{'a':[1,2]}")]
    [InlineData("a = [1, 'x', true, {k = 1}]", "{'a':[1,'x',true,{'k':1}]}")]
    [InlineData("a = [1979-05-27, 07:32:00,1979-05-27 07:32:00]", "{'a':['1979-05-27','07:32:00','1979-05-27 07:32:00']}")]
    // Inline tables
    [InlineData("t = {}\nu = { }\nv = {a = 1, b.c = 'x', b.d = 2 }", "{'t':{},'u':{},'v':{'a':1,'b':{'c':'x','d':2}}}")]
    [InlineData("t = {a = [\n1,\n2\n], s = '''\nx'''}", "{'t':{'a':[1,2],'s':'x'}}")]
    // Tables
    [InlineData("[a]\nk = 1\n[b.c]\nk = 2\n[ d . \"e\" ] # x\nk = 3", "{'a':{'k':1},'b':{'c':{'k':2}},'d':{'e':{'k':3}}}")]
    [InlineData("[a.b.c]\nx = 1\n[a]\ny = 2\n[a.b]\nz = 3", "{'a':{'b':{'c':{'x':1},'z':3},'y':2}}")]
    [InlineData("[a]\n[a.b]\n[c]", "{'a':{'b':{}},'c':{}}")]
    [InlineData("[fruit]\napple.color = 'red'\n[fruit.apple.taste]\nsweet = true", "{'fruit':{'apple':{'color':'red','taste':{'sweet':true}}}}")]
    [InlineData("a.b = 1\n[c]\na.b = 2", "{'a':{'b':1},'c':{'a':{'b':2}}}")]
    // Arrays of tables
    [InlineData("[[p]]\nn = 1\n[[p]]\n[[p]]\nn = 3", "{'p':[{'n':1},{},{'n':3}]}")]
    [InlineData("[[f]]\nn='a'\n[f.phys]\nc=1\n[[f.var]]\nn='x'\n[[f.var]]\nn='y'\n[[f]]\nn='b'\n[[f.var]]\nn='z'\n[f.phys]\nc=2",
        "{'f':[{'n':'a','phys':{'c':1},'var':[{'n':'x'},{'n':'y'}]},{'n':'b','var':[{'n':'z'}],'phys':{'c':2}}]}")]
    [InlineData("[[a.b]]\nx=1\n[a]\ny=2", "{'a':{'b':[{'x':1}],'y':2}}")]
    [InlineData("[[ a ]]", "{'a':[{}]}")]
    public void A_valid_document_is_read(string toml, string json) =>
        // Apostrophes stand for quotes so that the cases stay readable; \' is one that is meant.
        Assert.Equal(json.Replace("\\'", "\u0001", StringComparison.Ordinal).Replace('\'', '"').Replace('\u0001', '\''), Json(toml));

    [Fact]
    public void Floats_that_JSON_does_not_know_are_read()
    {
        var table = TomlReader.Parse("a = inf\nb = +inf\nc = -inf\nd = nan\ne = -nan");
        Assert.Equal(
            [double.PositiveInfinity, double.PositiveInfinity, double.NegativeInfinity, double.NaN, double.NaN],
            table.Select(pair => pair.Value!.GetValue<double>()));
    }

    [Theory]
    // Document and lines
    [InlineData("a = 1 b = 2", 1, 7, "expected the end of the line after a value, found 'b'")]
    [InlineData("a = 1\rb = 2", 1, 6, "expected the end of the line after a value, found control character U+000D")]
    [InlineData("a = 1 # bell \a", 1, 14, "control character U+0007 in a comment")]
    [InlineData("a = 1 # lone \r return", 1, 14, "control character U+000D in a comment")]
    [InlineData("\0", 1, 1, "expected a key, found control character U+0000")]
    [InlineData("[a] b = 1", 1, 5, "expected the end of the line after a table header")]
    // Keys
    [InlineData("= 1", 1, 1, "expected a key, found '='")]
    [InlineData("a\n= 1", 1, 2, "expected = after the key a, found the end of the line")]
    [InlineData("a b = 1", 1, 3, "expected = after the key a, found 'b'")]
    [InlineData("a. = 1", 1, 4, "expected a key, found '='")]
    [InlineData("a..b = 1", 1, 3, "expected a key, found '.'")]
    [InlineData(".a = 1", 1, 1, "expected a key")]
    [InlineData("é = 1", 1, 1, "need quotes")]
    [InlineData("\"\"\"a\"\"\" = 1", 1, 1, "a key cannot be a multi-line string")]
    [InlineData("\"a = 1", 1, 1, "not closed on its line")]
    [InlineData("a", 1, 2, "expected = after the key a, found the end of the text")]
    // Values
    [InlineData("a =", 1, 4, "expected a value, found the end of the text")]
    [InlineData("a = \n1", 1, 5, "expected a value, found the end of the line")]
    [InlineData("a = # none", 1, 5, "expected a value, found '#'")]
    [InlineData("a = yes", 1, 5, "yes is not a value; a string needs quotes")]
    [InlineData("a = True", 1, 5, "True is not a value")]
    [InlineData("a = INF", 1, 5, "INF is not a value")]
    // Strings
    [InlineData("s = \"a\nb\"", 1, 5, "the string is not closed on its line")]
    [InlineData("s = 'a", 1, 5, "the string is not closed on its line")]
    [InlineData("s = \"\"\"a\n\"\"", 1, 5, "the multi-line string is not closed")]
    [InlineData("s = '''a", 1, 5, "the multi-line string is not closed")]
    [InlineData("s = \"\\q\"", 1, 6, "unknown escape")]
    [InlineData("s = \"\\x41\"", 1, 6, "unknown escape")]
    [InlineData("s = \"\\u00e\"", 1, 6, "expected 4 hexadecimal digits")]
    [InlineData("s = \"\\ud800\"", 1, 6, "U+d800 is not a Unicode character")]
    [InlineData("s = \"\\U00110000\"", 1, 6, "U+00110000 is not a Unicode character")]
    [InlineData("s = \"\u0001\"", 1, 6, "control character U+0001 in a string; write it as an escape")]
    [InlineData("s = '\u007f'", 1, 6, "control character U+007F in a string")]
    [InlineData("s = \"\"\"a \\ b\"\"\"", 1, 10, "unknown escape")]
    [InlineData("s = \"\"\"a\"\"\"\"\"\"", 1, 9, "too many quotes in a row")]
    [InlineData("s = '''a\rb'''", 1, 9, "control character")]
    // Numbers
    [InlineData("i = 012", 1, 5, "012 has a leading zero")]
    [InlineData("i = -012", 1, 5, "-012 has a leading zero")]
    [InlineData("i = 1__0", 1, 5, "1__0 is not a number")]
    [InlineData("i = _1", 1, 5, "_1 is not a number")]
    [InlineData("i = 1_", 1, 5, "1_ is not a number")]
    [InlineData("i = ++1", 1, 5, "++1 is not a number")]
    [InlineData("i = +0x1", 1, 5, "+0x1 is not a number")]
    [InlineData("i = 0X1", 1, 5, "0X1 is not a number")]
    [InlineData("i = 0x", 1, 5, "0x is not a number")]
    [InlineData("i = 0b2", 1, 5, "0b2 is not a number")]
    [InlineData("i = 9223372036854775808", 1, 5, "does not fit into 64 bits")]
    [InlineData("i = 0x8000000000000000", 1, 5, "does not fit into 64 bits")]
    [InlineData("f = .5", 1, 5, ".5 is not a number")]
    [InlineData("f = 5.", 1, 5, "5. is not a number")]
    [InlineData("f = 5.e3", 1, 5, "is not a number")]
    [InlineData("f = 1._5", 1, 5, "is not a number")]
    [InlineData("f = 01.5", 1, 5, "has a leading zero")]
    [InlineData("f = 1e999", 1, 5, "does not fit into 64 bits")]
    // Dates
    [InlineData("d = 2001-02-29", 1, 5, "2001-02-29 is not a date or time")]
    [InlineData("d = 2001-13-01", 1, 5, "is not a date or time")]
    [InlineData("d = 2001-1-01", 1, 5, "is not a date or time")]
    [InlineData("d = 2001-01-01T25:00:00Z", 1, 5, "is not a date or time")]
    [InlineData("d = 2001-01-01T", 1, 5, "is not a date or time")]
    [InlineData("d = 2001-01-01T10:00", 1, 5, "is not a date or time")]
    [InlineData("d = 2001-01-01T10:00:00+24:00", 1, 5, "is not a date or time")]
    [InlineData("d = 10:00:00Z", 1, 5, "is not a date or time")]
    [InlineData("d = 1:00:00", 1, 5, "is not a date or time")]
    // Arrays and inline tables
    [InlineData("a = [1 2]", 1, 8, "expected , or ] in the array, found '2'")]
    [InlineData("a = [,1]", 1, 6, "expected a value, found ','")]
    [InlineData("a = [1,,2]", 1, 8, "expected a value, found ','")]
    [InlineData("a = [1,\n", 1, 5, "the array is not closed")]
    [InlineData("t = {a = 1,}", 1, 12, "expected a key, found '}'")]
    [InlineData("t = {a = 1\n}", 1, 11, "expected , or } in the inline table, found the end of the line (an inline table stands on one line)")]
    [InlineData("t = {a = 1, a = 2}", 1, 13, "a is already defined")]
    [InlineData("t = {a", 1, 7, "expected = after the key a")]
    // Headers
    [InlineData("[]", 1, 2, "expected a key, found ']'")]
    [InlineData("[a", 1, 3, "expected ] after the table's name, found the end of the text")]
    [InlineData("[[a]", 1, 5, "expected ]] after the table's name, found the end of the text")]
    [InlineData("[[a] ]", 1, 5, "expected ]]")]
    [InlineData("[ [a]]", 1, 3, "expected a key, found '['")]
    [InlineData("[a.]", 1, 4, "expected a key")]
    // Definitions
    [InlineData("a = 1\na = 2", 2, 1, "a is already defined")]
    [InlineData("a = 1\n\"a\" = 2", 2, 1, "a is already defined")]
    [InlineData("a.b = 1\na = 2", 2, 1, "a is already defined")]
    [InlineData("a = 1\na.b = 2", 2, 1, "a is already defined and cannot be extended here")]
    [InlineData("[a]\n[b]\n[a]", 3, 1, "a is already defined")]
    [InlineData("a = 1\n[a]", 2, 1, "a is already defined")]
    [InlineData("a = 1\n[a.b]", 2, 1, "a is already defined and cannot be extended here")]
    [InlineData("[a]\nb = 1\n[a.b]", 3, 1, "a.b is already defined")]
    [InlineData("a.b = 1\n[a]", 2, 1, "a is already defined")]
    [InlineData("[a]\nb.c = 1\n[a.b]", 3, 1, "a.b is already defined")]
    [InlineData("[a.b.c]\nz = 1\n[a]\nb.c.t = 2", 4, 1, "b is already defined and cannot be extended here")]
    [InlineData("[a.b.c.d]\nz = 1\n[a]\nb.c.d.k.t = 2", 4, 1, "b is already defined")]
    [InlineData("[a.b]\nc = 1\n[a]\nb = 2", 4, 1, "b is already defined")]
    [InlineData("t = {a = 1}\nt.b = 2", 2, 1, "t is already defined and cannot be extended here")]
    [InlineData("t = {a = 1}\n[t]", 2, 1, "t is already defined")]
    [InlineData("t = {a = {}}\n[t.a.b]", 2, 1, "t is already defined and cannot be extended here")]
    [InlineData("t = {a.b = {c = 1}, a.b.d = 2}", 1, 21, "a.b is already defined and cannot be extended here")]
    [InlineData("[t]\nx = {}\n[[t.x]]", 3, 1, "t.x is already defined")]
    [InlineData("a = []\n[[a]]", 2, 1, "a is already defined")]
    [InlineData("a = [{}]\n[a.b]", 2, 1, "a is already defined and cannot be extended here")]
    [InlineData("[a]\n[[a]]", 2, 1, "a is already defined")]
    [InlineData("[[a]]\n[a]", 2, 1, "a is already defined")]
    [InlineData("[a.b]\n[[a]]", 2, 1, "a is already defined")]
    [InlineData("[[a]]\nb.c = 1\n[[a.b]]", 3, 1, "a.b is already defined")]
    [InlineData("[[a.b]]\n[a]\nb.c = 1", 3, 1, "b is already defined")]
    public void An_invalid_document_is_refused_where_the_fault_is(string toml, int line, int column, string reason)
    {
        var fault = Assert.Throws<TomlException>(() => TomlReader.Parse(toml));
        Assert.Contains(reason, fault.Message, StringComparison.Ordinal);
        Assert.Equal((line, column), (fault.Line, fault.Column));
        Assert.StartsWith($"line {line}, column {column}: ", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a = ", "[", "")]
    [InlineData("a = ", "{a=", "")]
    [InlineData("", "a.", "a = 1")]
    [InlineData("[", "a.", "a]")]
    public void Nesting_without_end_is_refused_instead_of_ending_the_process(string before, string repeated, string after)
    {
        var toml = before + string.Concat(Enumerable.Repeat(repeated, 100_000)) + after;
        Assert.Throws<TomlException>(() => TomlReader.Parse(toml));
    }

    [Fact]
    public void The_deepest_permitted_document_can_be_written_as_JSON()
    {
        var path = string.Join('.', Enumerable.Repeat("k", 64));
        var toml = $"[{path}]\n{path} = {new string('[', 64)}{new string(']', 64)}";
        Assert.Contains("[[[]]]", TomlReader.Parse(toml).ToJsonString(), StringComparison.Ordinal);
    }
}
