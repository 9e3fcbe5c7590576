using System.Diagnostics;
using FleetingPlugin.Contract;
using Google.Protobuf.Reflection;
using Microsoft.Extensions.Logging;

namespace FleetingPlugin.HostContract;

/// <summary>What looking at one source gave.</summary>
internal sealed record SourceAttempt(string Source, string Path, string Outcome);

/// <summary>The contract to speak.</summary>
/// <param name="Contracts">Highest version first; the others are served too if the runner calls them.</param>
/// <param name="Origin">The file it was read from, for error texts.</param>
internal sealed record FoundContract(IReadOnlyList<WireContract> Contracts, string Origin)
{
    public WireContract Highest => Contracts[0];
}

/// <summary>How the search ended.</summary>
/// <param name="Found">Null if no source had a contract.</param>
/// <param name="Attempts">Every source looked at.</param>
internal sealed record ContractSearchResult(FoundContract? Found, IReadOnlyList<SourceAttempt> Attempts)
{
    /// <summary>For the error of every call: what was looked at, what was found, what to do.</summary>
    public string Explanation =>
        "the fleeting contract of the program that launched this plugin is not known. Looked at: "
        + string.Join("; ", Attempts.Select(attempt => $"{attempt.Source}{(attempt.Source == attempt.Path ? "" : $" {attempt.Path}")}: {attempt.Outcome}"))
        + $". Set {ContractSources.ContractVariable}=FILE in the runner's environment, where FILE is fleeting's .proto, a descriptor set,"
        + $" or an executable that carries it (the gitlab-runner binary itself or another fleeting plugin), or {ContractSources.ExecutableVariable} to the"
        + $" path of gitlab-runner; `{BuildStamp.Product} contract FILE` tells whether a file will do";
}

/// <summary>Looks at the sources in order and takes the first contract.</summary>
/// <param name="cache">Contracts of earlier starts; null to neither use nor keep any.</param>
/// <param name="log">Gets what was found.</param>
internal sealed class ContractSearch(ContractCache? cache, ILogger log)
{
    /// <summary>Our own contract in the form of a found one.</summary>
    public static FoundContract Builtin { get; } = new(
        ContractResolver.Resolve([FileDescriptorProto.Parser.ParseFrom(FleetingReflection.Descriptor.SerializedData)]), "the built-in contract");

    /// <summary>Runs the search. It never throws but for cancellation.</summary>
    public ContractSearchResult Run(IEnumerable<ContractSource> sources, CancellationToken cancellationToken)
    {
        var attempts = new List<SourceAttempt>();
        var unreadable = false;
        long begin = Stopwatch.GetTimestamp();
        foreach (ContractSource source in sources)
        {
            if (source.IsOrdered && source.Path == ContractSources.Builtin)
            {
                return new ContractSearchResult(Builtin, [new SourceAttempt(source.Name, source.Path, "our own contract")]);
            }
            try
            {
                ContractFile file = ContractFile.Load(source.Path, cancellationToken);
                attempts.Add(new SourceAttempt(source.Name, PathOf(source), Outcome(file)));
                if (file.Contracts.Count > 0)
                {
                    var found = new FoundContract(file.Contracts, PathOf(source));
                    Report(found, file, source, Math.Round(Stopwatch.GetElapsedTime(begin).TotalMilliseconds, 1));
                    return new ContractSearchResult(found, attempts);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ContractUnreadableException or NotSupportedException or ArgumentException)
            {
                unreadable |= !source.IsOrdered && e is IOException or UnauthorizedAccessException;
                attempts.Add(new SourceAttempt(source.Name, PathOf(source), e.Message));
            }
        }
        return unreadable && cache?.Newest(attempts) is { } remembered
            ? new ContractSearchResult(remembered, attempts)
            : new ContractSearchResult(null, attempts);
    }

    private void Report(FoundContract found, ContractFile file, ContractSource source, double ms)
    {
        log.ContractFound(found.Highest.Service.FullName, found.Highest.FileName, found.Origin, file.Form, source.Name, ms);
        foreach (WireContract other in found.Contracts.Skip(1))
        {
            log.OtherVersion(found.Highest.Service.FullName, other.Service.FullName);
        }
        if (!source.IsOrdered && file.BuildId is { } buildId)
        {
            cache?.Remember(buildId, file.Files, found);
        }
    }

    private static string Outcome(ContractFile file) => file.Contracts.Count > 0
        ? $"{file.Form} with service {file.Contracts[0].Service.FullName}"
        : file.Files.Count == 0
            ? $"{file.Form} without any protobuf descriptor"
            : $"{file.Form} with {file.Files.Count} protobuf descriptors, none with a service that has Increase, Decrease, Update and ConnectInfo";

    private static string PathOf(ContractSource source)
    {
        try
        {
            return source.Path.StartsWith("/proc/", StringComparison.Ordinal) && new FileInfo(source.Path).LinkTarget is { Length: > 0 } target
                ? target
                : source.Path;
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            return source.Path;
        }
    }
}
