using System.Globalization;
using System.Text;

namespace LinuxHost;

/// <summary>One mount as /proc/self/mountinfo shows it.</summary>
/// <param name="Id">Unique while mounted.</param>
/// <param name="ParentId">The mount it sits on.</param>
/// <param name="Root">The directory of its file system that is mounted.</param>
/// <param name="MountPoint">Where.</param>
/// <param name="Options">Of this mount, comma-separated.</param>
/// <param name="FileSystem">ext4, tmpfs, nsfs, …</param>
/// <param name="Source">Device, or whatever the file system calls its source.</param>
public sealed record MountEntry(int Id, int ParentId, string Root, string MountPoint, string Options, string FileSystem, string Source);

/// <summary>The mounts of this process's mount namespace.</summary>
public static class MountTable
{
    /// <summary>All mounts, in the kernel's order: a later one on the same point hides an earlier one.</summary>
    public static IReadOnlyList<MountEntry> Read() => Parse(File.ReadAllLines("/proc/self/mountinfo"));

    internal static IReadOnlyList<MountEntry> Parse(IEnumerable<string> lines)
    {
        var entries = new List<MountEntry>();
        foreach (string line in lines)
        {
            // proc(5): six fields, any number of optional ones, a lone hyphen, then type, source and super options.
            string[] fields = line.Split(' ');
            int separator = Array.IndexOf(fields, "-");
            entries.Add(new MountEntry(
                int.Parse(fields[0], CultureInfo.InvariantCulture), int.Parse(fields[1], CultureInfo.InvariantCulture),
                Unescape(fields[3]), Unescape(fields[4]), fields[5], fields[separator + 1], Unescape(fields[separator + 2])));
        }
        return entries;
    }

    /// <summary>Space, tab, newline and backslash are written as a backslash and three octal digits.</summary>
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
        {
            return field;
        }
        var text = new StringBuilder();
        for (int i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length)
            {
                text.Append((char)Convert.ToInt32(field.Substring(i + 1, 3), 8));
                i += 3;
            }
            else
            {
                text.Append(field[i]);
            }
        }
        return text.ToString();
    }
}
