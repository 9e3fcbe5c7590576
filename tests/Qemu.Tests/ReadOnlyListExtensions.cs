namespace Qemu.Tests;

internal static class ReadOnlyListExtensions
{
    internal static int IndexOf(this IReadOnlyList<string> list, string value) => list.ToList().IndexOf(value);
}
